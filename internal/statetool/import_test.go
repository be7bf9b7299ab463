package statetool

import (
	"slices"
	"strings"
	"testing"
)

// What the input calls a column may be the name of another one: a chain, and a swap.
func TestColumnsByAnothersName(t *testing.T) {
	dir := "file://" + t.TempDir()
	for _, c := range []struct {
		name, in string
		columns  []string
	}{
		{"chain.csv", "value,total\n101,1\n102,2\n", []string{"--column", "key=value", "--column", "value=total"}},
		{"swap.csv", "value,key\n101,1\n102,2\n", []string{"--column", "key=value", "--column", "value=key"}},
		{"swap.json", `{"value":"101","key":1}` + "\n" + `{"key":2,"value":"102"}`, []string{"--column", "key=value", "--column", "value=key"}},
	} {
		url := dir + "/" + c.name
		must(t, append([]string{"bootstrap", file(t, c.name, c.in), "--to", url, "--uid", "count", "--name", "sum", "--value-codec", "int64-be"}, c.columns...)...)
		want := []string{`{"uid":"count","name":"sum","key":"101","value":1}`, `{"uid":"count","name":"sum","key":"102","value":2}`}
		if got := lines(must(t, "scan", url)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
}

// A state without entries is one all the same: the job that declares it finds it, and one that doesn't is told.
func TestImportOfNoRows(t *testing.T) {
	dir, url := kinds(t)
	header := file(t, "none.csv", "key,value\n")
	states := func(of string) (all []string) {
		for _, line := range lines(must(t, "ls", of))[1:] {
			all = append(all, strings.Join(strings.Fields(line)[:2], " "))
		}
		return all
	}
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"anew":       {[]string{"bootstrap", header, "--uid", "count", "--name", "sum", "--value-codec", "int64-be"}, []string{"count sum"}},
		"instead":    {[]string{"bootstrap", header, "--from", url, "--uid", "op", "--name", "sum"}, []string{"op rates", "op seen", "op sum"}},
		"beside":     {[]string{"import", header, "--from", url, "--uid", "op", "--name", "more", "--value-codec", "json"}, []string{"op more", "op rates", "op seen", "op sum"}},
		"described":  {[]string{"import", header, "--schema", file(t, "schema.json", must(t, "schema", url))}, []string{"op rates", "op seen", "op sum"}},
		"no-windows": {[]string{"bootstrap", header, "--uid", "w", "--name", "windows", "--kind", "map", "--map-key-codec", "window", "--value-codec", "json", "--window-timers", "event"}, []string{"w timers", "w windows"}},
	} {
		must(t, append(c.args, "--to", dir+"/"+name)...)
		got := states(dir + "/" + name)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := lines(must(t, "scan", dir+"/instead", "--name", "sum")); !slices.Equal(got, []string{""}) {
		t.Errorf("got %q, want a state without entries", got)
	}
}
