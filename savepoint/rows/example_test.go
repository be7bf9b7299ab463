package rows_test

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"strings"

	"github.com/weirstream/weir/savepoint"
	"github.com/weirstream/weir/savepoint/rows"
	"github.com/weirstream/weir/state"
)

// Rows of a file become a state, and entries of a savepoint rows.
func Example() {
	ctx := context.Background()
	limits := state.Descriptor{UID: "classify_data", Name: "thresholdState", Kind: state.KindValue, KeyCodec: "string", ValueCodec: "int64-be"}
	edit := savepoint.New(1).With(func(_ context.Context, w *savepoint.Writer) error {
		s, err := w.State(limits)
		if err != nil {
			return err
		}
		enc, err := rows.NewEncoder(s, nil, nil)
		if err != nil {
			return err
		}
		in, err := rows.NewCSVReader(strings.NewReader("key,value\nsensor-1,30\nsensor-2,50\n"), "")
		for err == nil {
			var row rows.Row
			if row, err = in.Next(); err == nil {
				err = enc.Put(row)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
	if _, err := edit.Write(ctx, "mem://rows/sp", savepoint.Options{}); err != nil {
		log.Fatal(err)
	}

	sp, err := savepoint.Load(ctx, "mem://rows/sp")
	if err != nil {
		log.Fatal(err)
	}
	defer sp.Close()
	out := rows.NewJSONLines(os.Stdout)
	for e, err := range sp.Entries(ctx, savepoint.Filter{UID: "classify_data"}) {
		if err == nil {
			err = out.Write(&e)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {"uid":"classify_data","name":"thresholdState","key":"sensor-1","value":30}
	// {"uid":"classify_data","name":"thresholdState","key":"sensor-2","value":50}
}
