// Package parquet writes the entries of one state as a Parquet file, and reads rows from any flat one. Columns are those of package rows, without uid and name, which
// stand in the file's metadata: numbers, booleans, strings and byte arrays by the state's codecs, and JSON. A string that is no UTF-8 is base64:…, as in CSV.
//
// Of other programs' files, timestamps are read as ms, rounded down, and unsigned numbers as what they are, as far as they fit into 64 bits with a sign. Decimals, dates, times of
// day and INT96 are refused: what they stand for would be guessed.
package parquet
