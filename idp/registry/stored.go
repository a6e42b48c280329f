package registry

// Revision changes with every change that this node has read.
func (r *Registry[T, P]) Revision() int64 { return r.snapshot.Load().revision }

// Stored are all partners, enabled or not, by id. The map is the caller's.
func (r *Registry[T, P]) Stored() map[string]T {
	partners := r.snapshot.Load().partners
	all := make(map[string]T, len(partners))
	for id, one := range partners {
		all[id] = one.value
	}
	return all
}
