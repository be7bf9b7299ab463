//go:build integration

package integration

import (
	"fmt"
	"testing"
)

// begins is where the partitions of a topic begin.
func (a *admin) begins(topic string) (map[int32]int64, error) {
	ctx, cancel := ask()
	defer cancel()
	listed, err := a.cl.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	low := map[int32]int64{}
	for p, o := range listed[topic] {
		if o.Err != nil {
			return nil, fmt.Errorf("%s/%d: %w", topic, p, o.Err)
		}
		low[p] = o.Offset
	}
	return low, nil
}

// A repartition topic does not grow for ever: what is consumed and committed is deleted, and nothing else, so that instances that die and take
// over find all that is left to do.
func TestRepartitionTopicIsPurged(t *testing.T) {
	const partitions = 3
	eachGuarantee(t, func(t *testing.T, guarantee string) {
		w := newCountFleet(t, sharedCluster(t), newRand(t), partitions, guarantee)
		stop := w.stream(300)
		w.launch("one")
		w.launch("two")
		w.settled()
		topic := w.repartitionTopic()
		before := map[int32]int64{}
		for _, step := range []string{"both work", "one was killed"} {
			eventually(t, patience, "every partition to be purged: "+step, func() error {
				low, err := w.admin.begins(topic)
				if err != nil {
					return err
				}
				committed := w.admin.committed(w.id, topic)
				for p := range int32(partitions) {
					if low[p] > committed[p].At {
						t.Fatalf("partition %d begins at %d, and %d is committed", p, low[p], committed[p].At)
					}
					if low[p] <= before[p] {
						return fmt.Errorf("partition %d begins at %d, as before", p, low[p])
					}
				}
				before = low
				return nil
			})
			if step == "both work" {
				w.kill("one")
			}
		}
		stop()
		w.finish()
	})
}
