package jobs

// parseUsual parses an event in the form that programs write: one object with the three fields under exactly these names,
// each once at most, keys of printable ASCII without escapes, integers of at most 18 digits. Anything else, mistakes included,
// it leaves to encoding/json: ok is false.
func parseUsual(b []byte) (e event, ok bool) {
	p := parser{b: b}
	if !p.take('{') {
		return e, false
	}
	const haveKey, haveValue, haveCreatedAt = 1, 2, 4
	seen := 0
	for {
		name, ok := p.string()
		if !ok || !p.take(':') {
			return e, false
		}
		field := 0
		switch string(name) {
		case "key":
			field = haveKey
			var key []byte
			key, ok = p.string()
			e.Key = string(key)
		case "value":
			field = haveValue
			e.Value.i, ok = p.int()
		case "createdAt":
			field = haveCreatedAt
			e.CreatedAt, ok = p.int()
		}
		if !ok || field == 0 || seen&field != 0 {
			return e, false
		}
		seen |= field
		if p.take(',') {
			continue
		}
		const needed = haveKey | haveValue
		return e, p.take('}') && p.end() && seen&needed == needed
	}
}

type parser struct {
	b []byte
	i int
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// take takes c, after any space.
func (p *parser) take(c byte) bool {
	p.space()
	if p.i == len(p.b) || p.b[p.i] != c {
		return false
	}
	p.i++
	return true
}

// end says whether only space is left.
func (p *parser) end() bool {
	p.space()
	return p.i == len(p.b)
}

// string takes a string of printable ASCII without escapes.
func (p *parser) string() ([]byte, bool) {
	if !p.take('"') {
		return nil, false
	}
	begin := p.i
	for ; p.i < len(p.b); p.i++ {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return p.b[begin : p.i-1], true
		case c < ' ' || c >= 0x7f || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// int takes an integer that is no part of another number.
func (p *parser) int() (n int64, ok bool) {
	p.space()
	negative := p.i < len(p.b) && p.b[p.i] == '-'
	if negative {
		p.i++
	}
	begin := p.i
	for ; p.i < len(p.b) && p.b[p.i]-'0' <= 9; p.i++ {
		n = n*10 + int64(p.b[p.i]-'0')
	}
	digits := p.i - begin
	if digits == 0 || digits > 18 || p.b[begin] == '0' && digits > 1 {
		return 0, false
	}
	if p.i < len(p.b) {
		switch p.b[p.i] {
		case '.', 'e', 'E':
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, true
}
