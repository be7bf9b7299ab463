package state

// DefaultMaxParallelism is the number of key groups of a job that says nothing. It can't be changed once a job has state.
const DefaultMaxParallelism = 128

// MaxParallelismLimit is the largest number of key groups that keys of state have room for.
const MaxParallelismLimit = 1 << 15

// KeyGroup is the key group of a record's key: what Kafka's own Java producer computes for a topic of maxParallelism
// partitions, so that a stream which that producer partitioned is partitioned by key group already.
// maxParallelism lies between 1 and MaxParallelismLimit; one below is taken for 1.
func KeyGroup(key []byte, maxParallelism int) uint16 {
	if maxParallelism < 1 {
		return 0
	}
	return uint16((murmur2(key) & 0x7fffffff) % uint32(maxParallelism))
}

// GroupRange is the key groups from <= group < to of one of parallelism tasks, as Flink's KeyGroupRangeAssignment cuts
// them: contiguous, all of them covered, sizes differing by one at most. A task beyond parallelism has none.
func GroupRange(task, parallelism, maxParallelism int) (from, to uint16) {
	if task < 0 || parallelism < 1 || task >= parallelism || maxParallelism < 1 {
		return 0, 0
	}
	lower := (task*maxParallelism + parallelism - 1) / parallelism
	upper := ((task+1)*maxParallelism + parallelism - 1) / parallelism
	return uint16(lower), uint16(upper)
}

// TaskFor is the task whose GroupRange holds group.
func TaskFor(group uint16, parallelism, maxParallelism int) int {
	if parallelism < 1 || maxParallelism < 1 {
		return 0
	}
	return int(group) * parallelism / maxParallelism
}

// murmur2 is org.apache.kafka.common.utils.Utils.murmur2: 32 bits, little-endian, its own seed.
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(data))
	for len(data) >= 4 {
		k := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		k *= m
		k ^= k >> r
		h = h*m ^ k*m
		data = data[4:]
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
