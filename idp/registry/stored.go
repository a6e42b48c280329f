package registry

// Revision changes with every change that this node has read.
func (r *Registry[T, P]) Revision() int64 { return r.snapshot.Load().revision }

// Stored are all partners that this node has read, enabled or not, by id. The map is the caller's.
func (r *Registry[T, P]) Stored() map[string]Known[T] {
	partners := r.snapshot.Load().partners
	all := make(map[string]Known[T], len(partners))
	for id, one := range partners {
		all[id] = known(one)
	}
	return all
}
