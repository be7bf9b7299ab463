package runtime

// Barrier asks for a barrier now instead of when the interval is over, for whoever wants to decide where epochs end. It
// returns at once. An epoch without content gets none, nor does an instance without partitions; if an epoch is still being committed, the
// barrier follows when that is over.
func (in *Instance) Barrier() { in.post(barrierDue) }
