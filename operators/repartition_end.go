package operators

import "encoding/binary"

// End is a record in a repartition topic that says that one of the tasks that write to it has come to the end, for a drain of the job: behind all records that
// came before. Who has heard it of all fires all timers (Chain.End).
type End struct {
	Sender string
	Drain  string // which one
}

// Append appends the value of the end's record.
func (e End) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, repartitionEnd), uint64(len(e.Drain)))
	return append(append(dst, e.Drain...), e.Sender...)
}

// ReadEnd reads the value of a record in a repartition topic; ok is false if it is no end.
func ReadEnd(value []byte) (e End, ok bool, err error) {
	if len(value) == 0 || value[0] != repartitionEnd {
		return End{}, false, nil
	}
	n, used := binary.Uvarint(value[1:])
	if used <= 0 || n == 0 || n >= uint64(len(value)-1-used) { // neither is empty
		return End{}, false, errMalformed
	}
	rest := value[1+used:]
	return End{Drain: string(rest[:n]), Sender: string(rest[n:])}, true, nil
}
