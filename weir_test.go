package weir_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirstream/weir"
	"github.com/weirstream/weir/state"
	"github.com/weirstream/weir/stream"
)

// Counts the views of every page: the first word of each line of the topic "views".
func Example() {
	job := stream.NewJob("page-views")
	views := stream.From(job, stream.Topics("views"), stream.Values(state.String{}))
	pages := stream.Map(views, func(line string) string { return strings.Split(line, " ")[0] })
	byPage := stream.KeyBy(pages, func(page string) string { return page })
	counts := stream.Count(byPage, stream.UID("views-of-page"))
	stream.To(counts, "page-views", stream.AsPair(state.String{}, state.JSON[int64]{}))
	weir.Main(job)
}

// The README shows the example as it is compiled here.
func TestReadmeShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("weir_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "func Example() {\n")
	body, _, _ := strings.Cut(rest, "}\n\n")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "func main() {\n"+body+"}\n") {
		t.Errorf("README.md lacks\nfunc main() {\n%s}", body)
	}
}

// The README's program, taken out of it, compiles.
func TestReadmeCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	program, _, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatal("README.md has no program between ```go and ```")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// The example is a job that can be planned.
func TestExampleIsSound(t *testing.T) {
	job := stream.NewJob("page-views")
	views := stream.From(job, stream.Topics("views"), stream.Values(state.String{}))
	counts := stream.Count(stream.KeyBy(views, func(page string) string { return page }), stream.UID("views-of-page"))
	stream.To(counts, "page-views", stream.AsPair(state.String{}, state.JSON[int64]{}))
	if _, err := job.Plan(); err != nil {
		t.Error(err)
	}
}
