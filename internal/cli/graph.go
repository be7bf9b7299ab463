package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/weirstream/weir/stream"
)

// graphFormats are what --format of graph can be; the first is the default.
var graphFormats = []string{"text", "dot", "json"}

// showGraph prints the graph of the job that the settings name, without running anything.
func (a *app) showGraph(args []string) int {
	format, rest, err := formatFlag(args)
	if err != nil {
		fmt.Fprintf(a.err, "%s: %v\n", a.name, err)
		return ExitSettings
	}
	c, err := a.load(rest)
	if err != nil {
		return ExitSettings
	}
	job, err := a.job(c)
	if err == nil {
		var g *stream.Graph
		if g, err = job.Describe(); err == nil {
			_, err = fmt.Fprint(a.out, render(g, format))
		}
	}
	if err != nil {
		fmt.Fprintf(a.err, "%s: %v\n", a.name, err)
		return ExitSettings
	}
	return ExitOK
}

func render(g *stream.Graph, format string) string {
	switch format {
	case "dot":
		return g.DOT()
	case "json":
		b, err := json.MarshalIndent(g, "", "  ")
		if err != nil { // strings and numbers
			return err.Error()
		}
		return string(b) + "\n"
	}
	return g.String()
}

// formatFlag takes --format out of the arguments; all other flags are settings.
func formatFlag(args []string) (format string, rest []string, err error) {
	format = graphFormats[0]
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		if name != "--format" && name != "-format" {
			rest = append(rest, args[i])
			continue
		}
		if !given && i+1 < len(args) {
			i++
			value = args[i]
		}
		if format = value; !slices.Contains(graphFormats, format) {
			return "", nil, fmt.Errorf("--format=%q: expected one of %s", value, strings.Join(graphFormats, ", "))
		}
	}
	return format, rest, nil
}
