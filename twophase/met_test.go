package twophase

import (
	"fmt"
	"strings"
)

func (a *met) add(b met) {
	or(a.acts[:], b.acts[:])
	or(a.delays[:], b.delays[:])
	or(a.stops[:], b.stops[:])
	or(a.phases[:], b.phases[:])
}

func or(a, b []bool) {
	for i := range a {
		a[i] = a[i] || b[i]
	}
}

func (a *met) missing() string {
	var list []string
	for i, ok := range a.acts {
		if !ok {
			list = append(list, actNames[i])
		}
	}
	for i, ok := range a.delays {
		if !ok {
			list = append(list, fmt.Sprintf("delayed request %d", i))
		}
	}
	for i, ok := range a.stops {
		if !ok && i > 0 {
			list = append(list, "Stop "+Reason(i).String())
		}
	}
	for i, ok := range a.phases {
		if !ok {
			list = append(list, Phase(i).String())
		}
	}
	return strings.Join(list, ", ")
}
