package statetool

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/weirstream/weir/savepoint"
)

// TestMain is also the process that tests kill: it says when it has come to a place, and waits there.
func TestMain(m *testing.M) {
	if os.Getenv("WEIR_STATETOOL_TEST_RUN") != "" { // of docs_test.go
		t := Tool{Name: "processor", Out: os.Stdout, Err: os.Stderr}
		os.Exit(t.Run(context.Background(), os.Args[1:]))
	}
	child := os.Getenv("WEIR_STATETOOL_TEST_CHILD")
	if child == "" {
		goleak.VerifyTestMain(m)
		return
	}
	var place struct {
		Phase string
		Done  int64
		Args  []string
	}
	if err := json.Unmarshal([]byte(child), &place); err != nil {
		panic(err)
	}
	t := Tool{Name: "processor", Out: os.Stdout, Err: os.Stderr, stepped: func(p savepoint.Progress) {
		if p.Phase == place.Phase && p.Done >= place.Done {
			fmt.Println("here")
			select {}
		}
	}}
	os.Exit(t.Run(context.Background(), place.Args))
}

// try runs a command line.
func try(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	t := Tool{Name: "processor", Out: &o, Err: &e}
	code = t.Run(context.Background(), args)
	return code, o.String(), e.String()
}

// must runs one that works.
func must(t *testing.T, args ...string) (out string) {
	t.Helper()
	code, out, errs := try(args...)
	if code != 0 {
		t.Fatalf("%q: exit code %d\n%s", args, code, errs)
	}
	return out
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// thresholds makes a savepoint of three thresholds.
func thresholds(t *testing.T) (dir, url string) {
	t.Helper()
	dir = "file://" + t.TempDir()
	url = dir + "/thresholds"
	must(t, "bootstrap", file(t, "in.csv", "sensor,limit\na,10\nb,500\nglobal,7\n"), "--column", "key=sensor", "--column", "value=limit",
		"--to", url, "--uid", "classify_data", "--name", "thresholdState", "--value-codec", "int64-be")
	return dir, url
}

func lines(s string) []string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	slices.Sort(all)
	return all
}

func TestReadAndChange(t *testing.T) {
	dir, url := thresholds(t)
	const row = `{"uid":"classify_data","name":"thresholdState","key":%q,"value":%d}`
	a, b, global := fmt.Sprintf(row, "a", 10), fmt.Sprintf(row, "b", 500), fmt.Sprintf(row, "global", 7)
	if got := lines(must(t, "scan", url)); !slices.Equal(got, []string{a, b, global}) {
		t.Fatalf("got %q", got)
	}
	if got := must(t, "get", url, "--key", "b"); got != b+"\n" {
		t.Fatalf("got %q", got)
	}
	if got := must(t, "scan", url, "--prefix=gl", "--format=csv"); got != "uid,name,key,value\nclassify_data,thresholdState,global,7\n" {
		t.Fatalf("got %q", got)
	}
	if got := must(t, "scan", url, "--limit", "1"); strings.Count(got, "\n") != 1 {
		t.Fatalf("got %q", got)
	}
	one := []string{"--uid", "classify_data", "--name", "thresholdState"}
	must(t, append([]string{"set", "--from", url, "--to", dir + "/set", "--key", "b", "--value", "501"}, one...)...)
	want := []string{`{"diff":"+",` + fmt.Sprintf(row, "b", 501)[1:], `{"diff":"-",` + b[1:]}
	if got := lines(must(t, "diff", url, dir+"/set")); !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	must(t, "delete", "--from", url, "--to", dir+"/deleted", "--uid", "classify_data", "--key", "global")
	if got := lines(must(t, "scan", dir+"/deleted")); !slices.Equal(got, []string{a, b}) {
		t.Fatalf("got %q", got)
	}
	must(t, "rename-uid", "classify_data", "label", "--from", url, "--to", dir+"/renamed")
	if got := must(t, "count", dir+"/renamed", "--format", "json"); got != `{"entries":3,"keys":3,"name":"thresholdState","uid":"label"}`+"\n" {
		t.Fatalf("got %q", got)
	}
	if got := must(t, "sql", url, "SELECT key, value FROM classify_data_thresholdState WHERE value > 8 ORDER BY value DESC", "--format=csv"); got != "key,value\nb,500\na,10\n" {
		t.Fatalf("got %q", got)
	}
	if got := must(t, "scan", url); len(lines(got)) != 3 {
		t.Fatalf("the old savepoint has changed: %q", got)
	}
}

// What schema and scan write, in any form, is what import makes the same savepoint of.
func TestExportAndImport(t *testing.T) {
	dir, url := thresholds(t)
	one := []string{"--uid", "classify_data", "--name", "thresholdState"}
	must(t, []string{"bootstrap", file(t, "w.json", `{"key":"a","mapKey":{"start":0,"end":"1970-01-01T01:00:00Z"},"value":{"key":"a","value":3}}`),
		"--from", url, "--to", dir + "/windows", "--uid", "aggregate_stream", "--name", "windows", "--kind", "map", "--map-key-codec", "window", "--value-codec", "json",
		"--window-timers", "processing"}...)
	want := lines(must(t, "scan", dir+"/windows"))
	timer := `{"uid":"aggregate_stream","name":"timers","key":"a","domain":"processing","at":3600000,"namespace":{"start":0,"end":3600000}}`
	if len(want) != 5 || !slices.Contains(want, timer) {
		t.Fatalf("got %q", want)
	}
	schema := file(t, "schema.json", must(t, "schema", dir+"/windows"))
	for _, form := range []string{"json", "csv"} {
		rows := file(t, "rows."+form, must(t, "scan", dir+"/windows", "--format", form))
		must(t, "import", rows, "--schema", schema, "--to", dir+"/again-"+form)
		if got := lines(must(t, "scan", dir+"/again-"+form)); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q", form, got)
		}
	}
	parquet := filepath.Join(t.TempDir(), "rows.parquet")
	must(t, append([]string{"scan", url, "--format", "parquet", "--output", parquet}, one...)...)
	must(t, append([]string{"bootstrap", parquet, "--from", dir + "/windows", "--to", dir + "/again-parquet"}, one...)...)
	if got := must(t, "diff", dir+"/windows", dir+"/again-parquet"); got != "" {
		t.Fatalf("got %q", got)
	}
}

func TestRefusals(t *testing.T) {
	dir, url := thresholds(t)
	one := []string{"--uid", "classify_data", "--name", "thresholdState"}
	in := file(t, "in.json", `{"key":"a","value":1}`)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "unknown command", []string{"show", url}},
		{2, "expected: URL URL", []string{"diff", url}},
		{2, "exclude each other", []string{"scan", url, "--key", "a", "--prefix", "b"}},
		{1, "there is none, or its creation did not come to its end", []string{"ls", dir + "/nothing"}},
		{1, "there are classify_data thresholdState", []string{"scan", url, "--uid", "other"}},
		{1, "--to is missing", []string{"set", "--from", url, "--uid", "classify_data", "--name", "thresholdState", "--key", "a", "--value", "1"}},
		{1, "there is a savepoint already", []string{"delete", "--from", url, "--to", url, "--uid", "classify_data"}},
		{1, "expected an integer", append([]string{"set", "--from", url, "--to", dir + "/x", "--key", "a", "--value", "high"}, one...)},
		{1, `has "int64-be"`, append([]string{"import", in, "--from", url, "--to", dir + "/x", "--value-codec", "json"}, one...)},
		{1, "describe it by --kind", append([]string{"import", in, "--to", dir + "/x"}, one...)},
		{1, "in.csv, line 3: column \"value\": \"high\"", append([]string{"import", file(t, "in.csv", "key,value\na,1\nb,high\n"), "--from", url, "--to", dir + "/x"}, one...)},
		{1, "line 1: it is of state", []string{"import", in, "--to", dir + "/x"}},
		{1, `operator with uid "nope"`, []string{"rename-uid", "nope", "x", "--from", url, "--to", dir + "/x"}},
		{1, "no committed checkpoint of a job", []string{"ls", dir, "--job", "wordcount"}},
		{1, "neither reads nor makes other files", []string{"sql", url, "ATTACH DATABASE '" + filepath.Join(t.TempDir(), "x.db") + "' AS x"}},
		{1, "no such column", []string{"sql", url, "SELECT x FROM classify_data_thresholdState"}},
	} {
		if code, _, errs := try(c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit code %d, %q; want %d, %q", c.args, code, errs, c.code, c.want)
		}
	}
	if _, err := savepoint.Load(t.Context(), dir+"/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no savepoint", err)
	}
}

// What a store is encrypted with is needed to read it, and new savepoints are encrypted, too.
func TestEncrypted(t *testing.T) {
	dir, url := thresholds(t)
	key := file(t, "key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
	rows := file(t, "rows.csv", must(t, "scan", url, "--format=csv"))
	one := []string{"--uid", "classify_data", "--name", "thresholdState"}
	must(t, append([]string{"bootstrap", rows, "--to", dir + "/secret", "--value-codec", "int64-be", "--encryption-key-file", key, "--compression", "zstd"}, one...)...)
	if code, _, errs := try("scan", dir+"/secret"); code != 1 {
		t.Fatalf("without the key: exit code %d, %s", code, errs)
	}
	var out, errs bytes.Buffer
	tool := Tool{Name: "processor", Out: &out, Err: &errs, Packing: savepoint.Packing{KeyFile: key}}
	set := append([]string{"set", "--from", dir + "/secret", "--to", dir + "/changed", "--key", "a", "--value", "11"}, one...)
	for _, args := range [][]string{set, {"get", dir + "/changed", "--key", "a"}} {
		if code := tool.Run(t.Context(), args); code != 0 {
			t.Fatalf("%q: exit code %d, %s", args, code, errs.String())
		}
	}
	if want := `{"uid":"classify_data","name":"thresholdState","key":"a","value":11}` + "\n"; out.String() != want {
		t.Fatalf("got %s", out.String())
	}
	if code, _, _ := try("ls", dir+"/changed"); code != 1 {
		t.Fatalf("the new savepoint is not encrypted: exit code %d", code)
	}
}

// An import that is killed leaves no savepoint. The same command goes on with it.
func TestImportKilled(t *testing.T) {
	var in strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&in, `{"key":"key-%d","value":%d}`+"\n", i*7919%60_000, i)
	}
	rows := file(t, "rows.json", in.String())
	for _, place := range []struct {
		phase string
		done  int64
	}{{"sort", 20_000}, {"write", 0}} {
		t.Run(place.phase, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"import", rows, "--to", "file://" + dir + "/sp", "--work", filepath.Join(dir, "work"), "--memory", "1",
				"--uid", "count", "--name", "sum", "--value-codec", "int64-be"}
			kill(t, place.phase, place.done, args)
			if _, err := savepoint.Load(t.Context(), "file://"+dir+"/sp"); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("got %v, want no savepoint", err)
			}
			code, _, errs := try(args...)
			if code != 0 || !strings.Contains(errs, "going on with") {
				t.Fatalf("exit code %d, %s", code, errs)
			}
			if got := must(t, "sql", "file://"+dir+"/sp", "SELECT count(*), sum(value), count(DISTINCT key) FROM count_sum", "--format", "json"); !strings.Contains(got, "60000") ||
				!strings.Contains(got, fmt.Sprint(60_000*59_999/2)) {
				t.Fatalf("got %s", got)
			}
			if files, err := filepath.Glob(filepath.Join(dir, "sp", "*")); err != nil || len(files) != 2 {
				t.Fatalf("got files %q, want the header and one of entries: %v", files, err)
			}
		})
	}
}

// kill runs a command in a process of its own and kills it at a place.
func kill(t *testing.T, phase string, done int64, args []string) {
	t.Helper()
	child, err := json.Marshal(map[string]any{"Phase": phase, "Done": done, "Args": args})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WEIR_STATETOOL_TEST_CHILD="+string(child))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "here\n" {
		t.Errorf("the process said %q: %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait()
}
