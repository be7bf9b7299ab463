package commits_test

import (
	"fmt"

	"github.com/weirstream/weir/txn"
	"github.com/weirstream/weir/txn/commits"
)

// Two commits; what the second has decided counts.
func Example() {
	topic := commits.Topic("wordcount").Name
	in := txn.Partition{Topic: "text", ID: 3}
	first := commits.Encode(topic, in, txn.Position{Offset: 10, Metadata: "weir1:run-000000000001"})
	second := commits.Encode(topic, in, txn.Position{Offset: 42, Metadata: "weir1:run-000000000002"})
	fmt.Printf("%s\n%s\n%s\n", second.Topic, second.Key, second.Value)

	positions, err := commits.Newest([]txn.Record{first, second})
	fmt.Println(positions[in].Offset, positions[in].Metadata, err)
	// Output:
	// wordcount-commits
	// text/3
	// weir-commit1 bbf1a2ceeb020dd4 42 weir1:run-000000000002
	// 42 weir1:run-000000000002 <nil>
}

// The group's offsets follow, and say that they decide nothing.
func ExamplePointer() {
	text := commits.Pointer{Cluster: "5L6g3nShT-eMCtK--X86sw", Decided: true}.Encode()
	fmt.Println(text)
	p, ok, err := commits.DecodePointer(text)
	fmt.Println(p.Cluster, ok, err)
	// Output:
	// weir-commits1:decided:5L6g3nShT-eMCtK--X86sw
	// 5L6g3nShT-eMCtK--X86sw true <nil>
}
