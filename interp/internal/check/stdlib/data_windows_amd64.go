package stdlib

import _ "embed"

//go:embed data/std_windows_amd64.zip
var platformZip []byte
