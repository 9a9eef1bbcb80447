package codec

import (
	"reflect"
	"time"
)

// Types names the types of values inside interfaces; see core.Types.
type Types interface {
	TypeName(t reflect.Type) (string, error)
	TypeByName(name string) (reflect.Type, error)
}

// Deadlines is told of values that have come from elsewhere and do something at a certain time: contexts with a deadline. [Types] may implement it.
type Deadlines interface {
	WakesAt(at time.Time)
}
