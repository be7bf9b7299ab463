package schema

// verdict says whether values of a scalar are read as another one.
type verdict int

const (
	fits     verdict = iota
	doubtful         // some may not be, or change
	broken
)

// number is the range of one: an integer's without the sign's bit, or that of the integers that a float has all of.
type number struct {
	bits          int
	signed, float bool
}

var numbers = map[string]number{
	"int8": {7, true, false}, "int16": {15, true, false}, "int32": {31, true, false}, "int64": {63, true, false},
	"uint8": {8, false, false}, "uint16": {16, false, false}, "uint32": {32, false, false}, "uint64": {64, false, false},
	"float32": {24, true, true}, "float64": {53, true, true},
}

// texts are what stands in a string of JSON. A plain one reads them all.
var texts = map[string]bool{"string": true, "text": true, "time": true, "quoted": true}

func known(scalar string) bool {
	_, isNumber := numbers[scalar]
	return isNumber || texts[scalar] || scalar == "bool" || scalar == "bytes"
}

func convert(old, now string) verdict {
	a, number := numbers[old]
	b, toNumber := numbers[now]
	switch {
	case old == now || old == anything || now == anything:
		return fits
	case number && toNumber:
		return a.to(b)
	case texts[old] && texts[now]:
		if now == "string" {
			return fits
		}
		return doubtful
	}
	return broken
}

func (a number) to(b number) verdict {
	switch {
	case a.float && !b.float:
		return broken
	case a.bits <= b.bits && (b.signed || !a.signed):
		return fits
	}
	return doubtful
}

// convertKey says the same of keys of maps, which are strings always.
func convertKey(old, now string) verdict {
	switch {
	case old == anything || now == anything || now == "string" || old == now:
		return fits
	case texts[old] && texts[now] || now == "text":
		return doubtful
	}
	return convert(old, now)
}

// both is the scalar that has the values of the two.
func both(a, b string, convert func(old, now string) verdict) string {
	to, back := convert(a, b), convert(b, a)
	switch {
	case a == anything || b == anything:
		return anything
	case to < back:
		return b
	case back < to || a == b:
		return a
	case texts[a] && texts[b]:
		return "string"
	}
	return anything
}
