package weirtest

import "github.com/weirstream/weir/txn"

// firsts are the faults after which a second one is tried: those that leave the most behind for a recovery. They are in the second epoch,
// so that there is committed state.
var firsts = []Fault{
	{Call: "produce", Nth: 2, When: After, Local: Kept},
	{Call: "put-manifest", Nth: 2, When: After, Local: Synced},
	{Call: "commit", Nth: 2, When: Before, Local: Lost},
	{Call: "commit", Nth: 2, When: After, Local: Kept},
	{Call: "commit", Nth: 2, When: After, Local: Lost},
	{Call: "commit", Nth: 2, When: Before, Class: txn.ClassUnknown},
	{Call: "commit", Nth: 2, When: After, Class: txn.ClassUnknown},
}

// followUpCalls are enough for a recovery and an epoch.
const followUpCalls = 30

// followUps adds, for each of firsts, a crash at each call that follows. Local states take turns.
func (e *experiment) followUps(faults *[]Fault) string {
	for _, first := range firsts {
		w, _, verdict := e.run(first)
		if verdict != "" {
			return first.String() + ": " + verdict
		}
		if !w.injector.met() {
			continue // a job that makes no such call
		}
		turn := 0
		for _, c := range countedFrom(w.injector.calls[w.injector.at:], followUpCalls) {
			for _, when := range []When{Before, After} {
				f := first
				f.Then = &Fault{Call: c.name, Nth: c.nth, When: when, Local: localStates[turn%len(localStates)]}
				*faults = append(*faults, f)
				turn++
			}
		}
	}
	return ""
}

// countedFrom numbers at most n calls anew.
func countedFrom(calls []call, n int) []call {
	nth := map[string]int{}
	var out []call
	for _, c := range calls[:min(n, len(calls))] {
		nth[c.name]++
		c.nth = nth[c.name]
		out = append(out, c)
	}
	return out
}
