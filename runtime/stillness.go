package runtime

import (
	"sync"
	"time"
)

// stillness is whether partitions are not read just now, for a reason that has nothing to do with what is in them.
type stillness struct {
	mu   sync.Mutex
	on   bool
	last time.Time // when it was last on
}

func (s *stillness) set(on bool) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed = s.on != on
	if s.on || on {
		s.last = time.Now()
	}
	s.on = on
	return changed
}

// active is when partitions were last not read; zero: always were. A partition that is not read is not idle.
func (s *stillness) active() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on {
		return time.Now()
	}
	return s.last
}

func (s *stillness) is() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}
