package state_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The model needs some way to go before it meets what is rare. The command line may still say otherwise.
	if err := flag.Set("rapid.steps", "120"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
