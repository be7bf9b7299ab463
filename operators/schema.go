package operators

// Schema is that of the accumulators.
func (c SessionsCodec[A]) Schema() string { return schemaOf(c.Acc) }

// Schema is that of the accumulator.
func (c CountedCodec[A]) Schema() string { return schemaOf(c.Acc) }

// Schema is that of the records.
func (c HeldCodec[T]) Schema() string { return schemaOf(c.Of) }

// schemaOf asks a codec that is within another one for the description of its values, if it has one.
func schemaOf(codec any) string {
	if d, ok := codec.(interface{ Schema() string }); ok {
		return d.Schema()
	}
	return ""
}
