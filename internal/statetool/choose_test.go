package statetool

import (
	"slices"
	"strings"
	"testing"

	"github.com/weirstream/weir/savepoint"
)

// kinds makes a savepoint of a value state, a map and a broadcast state of one operator.
func kinds(t *testing.T) (dir, url string) {
	t.Helper()
	dir = "file://" + t.TempDir()
	url = dir + "/sp"
	rows := `{"name":"sum","key":"EUR","value":1}` + "\n" +
		`{"name":"seen","key":"EUR","mapKey":"a","value":2}` + "\n" + `{"name":"seen","key":"EUR","mapKey":"b","value":3}` + "\n" +
		`{"name":"rates","mapKey":"EUR","value":4}` + "\n" + `{"name":"rates","mapKey":"USD","value":5}`
	schema := `{"uid":"op","name":"sum","kind":"value","keyCodec":"string","valueCodec":"int64-be"}` +
		`{"uid":"op","name":"seen","kind":"map","keyCodec":"string","mapKeyCodec":"string","valueCodec":"int64-be"}` +
		`{"uid":"op","name":"rates","kind":"broadcast","mapKeyCodec":"string","valueCodec":"int64-be"}`
	must(t, "import", file(t, "rows.json", rows), "--uid", "op", "--schema", file(t, "schema.json", schema), "--to", url)
	return dir, url
}

const (
	sumOfEUR  = `{"uid":"op","name":"sum","key":"EUR","value":1}`
	seenA     = `{"uid":"op","name":"seen","key":"EUR","mapKey":"a","value":2}`
	seenB     = `{"uid":"op","name":"seen","key":"EUR","mapKey":"b","value":3}`
	rateOfEUR = `{"uid":"op","name":"rates","mapKey":"EUR","value":4}`
	rateOfUSD = `{"uid":"op","name":"rates","mapKey":"USD","value":5}`
)

// What is deleted is what was named, and nothing beside it.
func TestDeletePartly(t *testing.T) {
	dir, url := kinds(t)
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"key":         {[]string{"--key", "EUR"}, []string{rateOfEUR, rateOfUSD}},
		"prefix":      {[]string{"--prefix", "E"}, []string{rateOfEUR, rateOfUSD}},
		"key-of-one":  {[]string{"--name", "sum", "--key", "EUR"}, []string{rateOfEUR, rateOfUSD, seenA, seenB}},
		"no-such-key": {[]string{"--key", ""}, []string{rateOfEUR, rateOfUSD, seenA, seenB, sumOfEUR}},
		"map-key":     {[]string{"--name", "seen", "--key", "EUR", "--map-key", "a"}, []string{rateOfEUR, rateOfUSD, seenB, sumOfEUR}},
		"rule":        {[]string{"--name", "rates", "--map-key", "EUR"}, []string{rateOfUSD, seenA, seenB, sumOfEUR}},
		"state":       {[]string{"--name", "rates"}, []string{seenA, seenB, sumOfEUR}},
	} {
		to := dir + "/" + name
		must(t, append([]string{"delete", "--from", url, "--to", to, "--uid", "op"}, c.args...)...)
		if got := lines(must(t, "scan", to)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// A flag that could not be heeded is refused: the command would do something else than was asked for.
func TestFlagsNotIgnored(t *testing.T) {
	dir, url := kinds(t)
	change := func(command, name string, args ...string) []string {
		return append([]string{command, "--from", url, "--to", dir + "/x", "--uid", "op", "--name", name}, args...)
	}
	in := file(t, "in.json", "")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "--key, --prefix: state \"rates\" of operator \"op\" is of kind broadcast", change("delete", "rates", "--key", "EUR")},
		{1, "or, to delete one entry, give --map-key alone", change("delete", "rates", "--prefix", "EU")},
		{1, "--key=\"EUR\": state \"rates\"", change("delete", "rates", "--key", "EUR", "--map-key", "EUR")},
		{1, "--key is missing: state \"seen\"", change("delete", "seen", "--map-key", "a")},
		{1, "--map-key=\"a\": state \"sum\" of operator \"op\" is of kind value", change("delete", "sum", "--key", "EUR", "--map-key", "a")},
		{1, "needs --name, and excludes --prefix", change("delete", "seen", "--prefix", "E", "--map-key", "a")},
		{1, "needs --name, and excludes --prefix", change("delete", "", "--key", "EUR", "--map-key", "a")},
		{1, "--map-key=\"a\": state \"sum\"", change("set", "sum", "--key", "EUR", "--map-key", "a", "--value", "1")},
		{1, "--map-key is missing: state \"seen\"", change("set", "seen", "--key", "EUR", "--value", "1")},
		{1, "--key=\"EUR\": state \"rates\"", change("set", "rates", "--key", "EUR", "--map-key", "a", "--value", "1")},
		{2, "not defined: -work", change("set", "sum", "--key", "EUR", "--value", "1", "--work", dir)},
		{2, "not defined: -work", change("delete", "sum", "--work", dir)},
		{2, "not defined: -work", []string{"rename-uid", "op", "other", "--from", url, "--to", dir + "/x", "--work", dir}},
		{2, "--prefix is empty", change("delete", "sum", "--prefix", "")},
		{2, "--max-parallelism is for a savepoint from nothing", append(change("import", "sum", "--max-parallelism", "7"), in)},
		{2, "--lateness is for --window-timers=event", append(change("import", "sum", "--lateness", "1s"), in)},
		{2, "not defined: -limit", []string{"count", url, "--limit", "1"}},
		{2, "not defined: -output", []string{"diff", url, url, "--output", "x"}},
		{1, "--format=\"csv\": expected one of json", []string{"diff", url, url, "--format", "csv"}},
		{1, "is of kind broadcast", []string{"get", url, "--name", "rates", "--key", "EUR"}},
		{1, "is of kind broadcast", []string{"diff", url, url, "--name", "rates", "--key", "EUR"}},
		{1, "has no state \"nope\"", []string{"diff", url, url, "--uid", "op", "--name", "nope"}},
	} {
		if code, _, errs := try(c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit code %d, %q; want %d, %q", c.args, code, errs, c.code, c.want)
		}
	}
	if _, err := savepoint.Load(t.Context(), dir+"/x"); err == nil {
		t.Error("a refused command has made a savepoint")
	}
}
