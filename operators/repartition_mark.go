package operators

import "encoding/binary"

// Mark is a record in a repartition topic that says how far event time has come in one of the tasks that write to it: behind all
// records that came before.
type Mark struct {
	Sender    string
	Watermark int64
	Idle      bool
}

// Append appends the value of the mark's record.
func (m Mark) Append(dst []byte) []byte {
	dst = binary.AppendVarint(append(dst, repartitionMark), m.Watermark)
	idle := byte(0)
	if m.Idle {
		idle = 1
	}
	return append(append(dst, idle), m.Sender...)
}

// ReadMark reads the value of a record in a repartition topic; ok is false if it is no mark.
func ReadMark(value []byte) (m Mark, ok bool, err error) {
	if len(value) == 0 || value[0] != repartitionMark {
		return Mark{}, false, nil
	}
	wm, n := binary.Varint(value[1:])
	rest := value[1+max(n, 0):]
	if n <= 0 || len(rest) < 2 || rest[0] > 1 {
		return Mark{}, false, errMalformed
	}
	return Mark{Sender: string(rest[1:]), Watermark: wm, Idle: rest[0] == 1}, true, nil
}
