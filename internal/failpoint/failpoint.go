//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Enabled says whether this build has fail points.
const Enabled = true

// action is one armed point: what happens at the n-th hit.
type action struct {
	at   int
	what string // "kill", "stop", "error", "error-unknown" …; "sleep=50ms"
	hits int
}

var (
	mu    sync.Mutex
	armed = parse(os.Getenv("FAILPOINTS"))
)

// parse reads "name:3=kill,other=error": at the third hit of name the process kills itself, at the first of other it
// sees an error. A plus behind the number means from then on.
func parse(s string) map[string]*action {
	m := map[string]*action{}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, what, ok := strings.Cut(f, "=")
		if !ok {
			fmt.Fprintf(os.Stderr, "FAILPOINTS: %q: expected name[:hit]=action\n", f)
			os.Exit(2)
		}
		a := &action{at: 1, what: what}
		if n, hit, ok := strings.Cut(name, ":"); ok {
			at, err := strconv.Atoi(hit)
			if err != nil {
				fmt.Fprintf(os.Stderr, "FAILPOINTS: %q: hit %q is not a number\n", f, hit)
				os.Exit(2)
			}
			name, a.at = n, at
		}
		m[name] = a
	}
	return m
}

// hit counts a hit of name and returns what is to happen now, if anything.
func hit(name string) string {
	mu.Lock()
	defer mu.Unlock()
	a := armed[name]
	if a == nil {
		return ""
	}
	if a.hits++; a.hits != a.at {
		return ""
	}
	return a.what
}

// Hit runs what is armed at name: it may kill or stop the process, sleep, or return the word of an error to inject.
func Hit(name string) string {
	switch what := hit(name); {
	case what == "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case what == "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Millisecond) // the signal stops every thread, but perhaps not before this call returns
	case strings.HasPrefix(what, "sleep="):
		d, _ := time.ParseDuration(strings.TrimPrefix(what, "sleep="))
		time.Sleep(d)
	default:
		return what
	}
	return ""
}
