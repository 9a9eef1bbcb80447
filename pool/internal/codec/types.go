package codec

import "reflect"

// Types names the types of values inside interfaces; see core.Types.
type Types interface {
	TypeName(t reflect.Type) (string, error)
	TypeByName(name string) (reflect.Type, error)
}
