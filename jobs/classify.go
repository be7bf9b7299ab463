package jobs

import (
	"fmt"

	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// classify sums up the values of each key and labels every sum by the key's threshold, which is set from outside.
// Without a window the first event of a key passes as it is and every later one is reduced with the sum so far. The output's
// Kafka key is the event's, so that the sums of a key stay in order.
func classify(name string, p Params) (*stream.Job, error) {
	if p.ClassifyWindow != 0 {
		return nil, fmt.Errorf("job %s: WEIR_CLASSIFY_WINDOW is %s: this version supports 0 (no window) only", name, p.ClassifyWindow)
	}
	job := stream.NewJob(name)
	events := stream.From(job, p.Inputs, decodeEvent, stream.UID("kafka_source"))
	byKey := stream.KeyBy(events, func(e event) string { return e.Key }, stream.UID("by_key"))
	sums := stream.Process(byKey, aggregate, stream.UID("aggregate_stream"))
	labelled := stream.Process(sums, label, stream.UID("classify_data"))
	stream.To(labelled, p.Output, encodeEvent, stream.UID("kafka_sink"))
	return job, nil
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

// label compares with the state thresholdState.
func label(s *stream.Setup) stream.ProcessFunc[string, event, labelledEvent] {
	threshold := stream.ValueState(s, "thresholdState", state.Int64{})
	return func(ctx *stream.Context[string, labelledEvent], e event) error {
		limit, ok, err := threshold.Get()
		if err != nil {
			return err
		}
		out := labelledEvent{e, "UNCLASSIFIED"}
		switch {
		case !ok:
		case e.Value.above(limit):
			out.label = "L1"
		default:
			out.label = "L2"
		}
		ctx.Emit(out)
		return nil
	}
}
