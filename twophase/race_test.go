//go:build race

package twophase

func init() { raceEnabled = true }
