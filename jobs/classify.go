package jobs

import (
	"time"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// classify sums up the values of each key, in windows of processing time that are aligned to the epoch, and labels every sum by
// the key's threshold, which is set from outside. Without a window every event passes on with the sum of all so far. A single event
// passes as it is, as in any reduce. The output's Kafka key is the event's, so that the sums of a key stay in order.
func classify(name string, p Params) (*stream.Job, error) {
	job := stream.NewJob(name)
	events := source(job, &p, decodeEvent)
	byKey := stream.KeyBy(events, func(e event) string { return e.Key }, stream.UID("by_key"),
		stream.Through(eventCodec{}))
	var labelled *stream.Keyed[string, labelledEvent]
	if p.ClassifyWindow == 0 {
		sums := stream.Process(byKey, aggregate, stream.UID("aggregate_stream"))
		labelled = stream.Process(sums, label(func(e event) event { return e }), stream.UID("classify_data"))
	} else {
		windows := stream.Tumbling(p.ClassifyWindow).ProcessingTime()
		sums := stream.WindowReduce(byKey, windows, eventCodec{}, p.sum, stream.UID("aggregate_stream"))
		of := func(w stream.Pane[string, event]) event { return w.Value }
		labelled = stream.Process(sums, label(of), stream.UID("classify_data"))
	}
	stream.To(labelled, p.Output, encodeEvent, stream.UID("kafka_sink"))
	return job, nil
}

// sum is the reduction of a window.
func (p *Params) sum(acc, e event) event {
	now := time.Now
	if p.now != nil {
		now = p.now
	}
	return event{acc.Key, acc.Value.add(e.Value), now().UnixMilli()}
}

// aggregate is a reduce that asks for the processing time.
func aggregate(s *stream.Setup) stream.ProcessFunc[string, event, event] {
	sum := stream.ValueState(s, "sum", eventCodec{})
	return func(ctx *stream.Context[string, event], e event) error {
		acc, ok, err := sum.Get()
		if err != nil {
			return err
		}
		if ok {
			e = event{acc.Key, acc.Value.add(e.Value), ctx.Now().UnixMilli()}
		}
		if err := sum.Set(e); err != nil {
			return err
		}
		ctx.Emit(e)
		return nil
	}
}

// label compares the event in a record with the state thresholdState.
func label[T any](of func(v T) event) func(s *stream.Setup) stream.ProcessFunc[string, T, labelledEvent] {
	return func(s *stream.Setup) stream.ProcessFunc[string, T, labelledEvent] {
		threshold := stream.ValueState(s, "thresholdState", state.Int64{})
		return func(ctx *stream.Context[string, labelledEvent], v T) error {
			limit, ok, err := threshold.Get()
			if err != nil {
				return err
			}
			out := labelledEvent{of(v), "UNCLASSIFIED"}
			switch {
			case !ok:
			case out.Value.above(limit):
				out.label = "L1"
			default:
				out.label = "L2"
			}
			ctx.Emit(out)
			return nil
		}
	}
}
