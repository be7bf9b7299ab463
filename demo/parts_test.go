package demo

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"To be, or not_2 be":        {"to", "be", "or", "not_2", "be"},
		"  ":                        {},
		"naïve café":                {"na", "ve", "caf"},
		"KELVIN \u212a, \u0130zmir": {"kelvin", "k", "i", "zmir"},
	} {
		if got := split(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestVerdictFindsEveryFault(t *testing.T) {
	for _, tc := range []struct {
		name             string
		outputs          []string
		faults, repeated int64
		exactly, atLeast bool
	}{
		{"exact", []string{"a 1", "b 1", "a 2"}, 0, 0, true, true},
		{"repeated", []string{"a 1", "a 1", "b 1", "a 2"}, 0, 1, false, true},
		{"replayed", []string{"a 1", "a 2", "a 1", "a 2", "b 1"}, 0, 2, false, true},
		{"lost at the end", []string{"a 1", "b 1"}, 1, 0, false, false},
		{"lost between", []string{"a 2", "b 1"}, 1, 0, false, false},
		{"lost word", []string{"a 1", "a 2"}, 1, 0, false, false},
		{"counted too far", []string{"a 1", "a 2", "a 3", "b 1"}, 1, 0, false, false},
		{"foreign word", []string{"a 1", "a 2", "b 1", "c 1"}, 1, 0, false, false},
		{"no count", []string{"a 1", "a 2", "b 1", "b"}, 1, 0, false, false},
		{"from zero", []string{"a 0", "a 1", "a 2", "b 1"}, 1, 0, false, false},
	} {
		o := &outputs{highest: map[string]int64{}}
		for _, value := range tc.outputs {
			o.add(value[:1], value)
		}
		o.compare(map[string]int64{"a": 2, "b": 1})
		v := Verdict{Faults: o.faults, Repeated: o.repeated}
		if v.Faults != tc.faults || v.Repeated != tc.repeated || v.Holds("exactly-once") != tc.exactly || v.Holds("at-least-once") != tc.atLeast {
			t.Errorf("%s: %+v: %v", tc.name, v, o.wrong)
		}
	}
}

func TestKeyMustBeTheWord(t *testing.T) {
	o := &outputs{highest: map[string]int64{}}
	o.add("other", "word 1")
	if o.faults != 1 {
		t.Error("a record under another word's key counts")
	}
}

func TestParse(t *testing.T) {
	for arg, want := range map[string]string{
		"--duration=-1s":      "expected 0 or more",
		"--crash-every=1ms":   "at least 100ms",
		"--rate=-1":           "expected 0 (as fast as possible) or more",
		"--parallelism=999":   "to 128",
		"--interval=1ms":      "expected 5ms to 1m",
		"--guarantee=exactly": "exactly-once or at-least-once",
		"--duration=long":     `invalid value "long"`,
		"--crash=5s":          "not defined: -crash",
		"file.txt":            "--input",
	} {
		if _, err := Parse([]string{arg}, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
	if _, err := Parse([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	if o, err := Parse(nil, io.Discard); err != nil || o.Duration != 30*time.Second || o.CrashEvery != 5*time.Second {
		t.Errorf("%+v, %v: a bare demo should end by itself and crash a few times", o, err)
	}
}

func TestTextOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.txt": "one\r\n\ntwo", "b/c": "three\n", "binary": "\x00\x01", "empty": ""} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := openText(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line, err := range text.lines() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(line))
	}
	if !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "binary")} {
		if _, err := openText(bad); err == nil || !strings.Contains(err.Error(), "--input="+bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestOwnTextGoesOnForEver(t *testing.T) {
	n := 0
	for line, err := range (text{again: true}).lines() {
		if err != nil || len(line) == 0 {
			t.Fatal(err)
		}
		if n++; n == 1000 {
			break
		}
	}
}

func TestLongLinesAreCut(t *testing.T) {
	total := 0
	eachLine(strings.NewReader(strings.Repeat("x", 3*maxLine)), func(line []byte, _ error) bool {
		if len(line) > maxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
		total += len(line)
		return true
	})
	if total != 3*maxLine {
		t.Errorf("%d bytes", total)
	}
}

func TestKeepRefusesAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := makeFolder(dir); err == nil || !strings.Contains(err.Error(), "--keep="+dir) {
		t.Error(err)
	}
}

func TestWorkerLogFindsTheAddress(t *testing.T) {
	l, err := newWorkerLog(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	for _, part := range []string{"{\"msg\":\"start\"}\n{\"msg\":\"listening\",\"ht", "tp\":\"127.0.0.1:77\"", "}\nlast\n"} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if l.listening() != "127.0.0.1:77" || !strings.HasSuffix(l.tail(), "\nlast") {
		t.Errorf("%q, %q", l.listening(), l.tail())
	}
	if l.forgetAddr(); l.listening() != "" {
		t.Error("the address of a dead worker is remembered")
	}
}

func TestFrames(t *testing.T) {
	now := time.Unix(100, 0)
	f := frame{o: Options{Duration: 30 * time.Second}, now: now, elapsed: 12 * time.Second, sent: 24012, behind: 1234, inRate: 2001, outRate: 19870,
		kills: 2, starts: 3, pid: 4711, stage: "feeding", seen: seen{status: status{Phase: "running", Epoch: 37},
			lastCommit: now.Add(-400 * time.Millisecond), outputs: 238000, different: 2168, top: []wordCount{{"the", 12345}, {"of", 6000}}}}
	want := "  12s  feeding  in 24,012 lines (2,001/s)  out 238,000 counts (19,870/s)  behind 1,234  epoch 37 of worker 3  last commit 0.4s ago  killed 2 times  the 12,345"
	if got := f.line(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	screen := strings.Join(f.lines(), "\n")
	for _, want := range []string{"feeding: 12s of 30s", "2,001 lines/s", "238,000 counts committed", "process 4711", "of                      6,000  ██████████████\n"} {
		if !strings.Contains(screen, want) {
			t.Errorf("%q is missing:\n%s", want, screen)
		}
	}
}
