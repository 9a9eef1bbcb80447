package stdlib

import _ "embed"

//go:embed data/std_darwin_amd64.zip
var platformZip []byte
