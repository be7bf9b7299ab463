// Package parquet writes the entries of one state as a Parquet file, and reads rows from any flat one. Columns are those of package rows, without uid and name, which
// stand in the file's metadata: numbers, booleans, strings and byte arrays by the state's codecs, and JSON. A string that is no UTF-8 is base64:…, as in CSV.
package parquet
