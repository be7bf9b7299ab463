package runtime

import (
	"sync"
	"time"
)

// sinkFresh is how old what is known of a topic that is written to may be: as old as librdkafka lets the number of partitions become for its own partitioner.
const sinkFresh = 30 * time.Second

// topicCache is what all tasks know of topics, each as of when it was asked for last.
type topicCache[T any] struct {
	mu    sync.RWMutex
	known map[string]cached[T]
}

type cached[T any] struct {
	value T
	asked time.Time
}

// of is what is known of a topic, if anything is; fresh: it need not be asked for again yet.
func (r *topicCache[T]) of(topic string) (value T, known, fresh bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a, known := r.known[topic]
	return a.value, known, known && time.Since(a.asked) < sinkFresh
}

func (r *topicCache[T]) learn(topic string, value T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]cached[T]{}
	}
	r.known[topic] = cached[T]{value, time.Now()}
}
