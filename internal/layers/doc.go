// Package layers holds the test that imports point downwards only. The table in layers_test.go is the order; docs/design.md
// says what each layer is for.
package layers
