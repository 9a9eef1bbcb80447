package pool

// Reduce puts the items together from left to right: f(f(f(initial, items[0]), items[1]), …). It runs here, not in a pool.
func Reduce[A, T any](f func(A, T) A, items []T, initial A) A {
	for _, item := range items {
		initial = f(initial, item)
	}
	return initial
}

// KeyValue is what a mapper of [MapReduce] emits.
type KeyValue[K comparable, V any] struct {
	Key   K
	Value V
}

// MapReduce calls mapper with each item on the pool's workers, puts together the values of each key, in the order of the items, and
// calls reducer with each key and its values, on the workers too.
func MapReduce[T any, K comparable, V, R any](p *Pool, mapper func(T) []KeyValue[K, V], reducer func(K, []V) R, items []T, opts ...CallOption) (map[K]R, error) {
	mapped, err := Map(p, mapper, items, opts...)
	if err != nil {
		return nil, err
	}
	index := make(map[K]int)
	var groups []Args2[K, []V]
	for _, pairs := range mapped {
		for _, kv := range pairs {
			i, ok := index[kv.Key]
			if !ok {
				i = len(groups)
				index[kv.Key] = i
				groups = append(groups, Args2[K, []V]{A: kv.Key})
			}
			groups[i].B = append(groups[i].B, kv.Value)
		}
	}
	reduced, err := Starmap(p, reducer, groups)
	if err != nil {
		return nil, err
	}
	out := make(map[K]R, len(reduced))
	for i, g := range groups {
		out[g.A] = reduced[i]
	}
	return out, nil
}
