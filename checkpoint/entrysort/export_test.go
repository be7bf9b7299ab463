package entrysort

// SetFanIn lets runs be merged when there are n of a level.
func (s *Sorter) SetFanIn(n int) { s.fanIn = n }
