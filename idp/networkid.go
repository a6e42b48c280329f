package idp

import "context"

// NetworkID is the method and the kind of identity of the national network identity service (网号, 网证; order 173 of 2025,
// article 7): the service tells a result, and an account that it vouches for has neither name nor number.
const NetworkID = "network_id"

// Carrier is the method whose evidence stands on a mobile number (三要素) and ends when the number is somebody else's.
const Carrier = "carrier"

// ProveNetworkID is ProveIdentity for somebody of whom the service gave nothing but a key that is always the same for that person.
// The key is kept as a keyed hash, so that one network identity has one account, and nowhere else.
func (s *Accounts) ProveNetworkID(ctx context.Context, id string, p Proof, service, key string) error {
	var err error
	if p.Lookup, err = s.Lookup(ctx, NetworkID+"/"+service, key); err != nil {
		return err
	}
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return err
	}
	if p, err = s.sealProof(ctx, a, p, Identity{Type: NetworkID}); err != nil {
		return err
	}
	return s.saveProof(ctx, id, p)
}

// Nameless reports a person who is known by a network identity alone: nothing that needs a name or a number can be asked of it.
func (p Person) Nameless() bool { return p.IAL > 0 && p.IDNumber == "" }

// EvidenceType is what OpenID Identity Assurance 1.0 section 5.1 calls the evidence of a method.
func EvidenceType(method string) string {
	switch method {
	case "manual_review":
		return "document"
	case "certificate":
		return "electronic_signature"
	}
	return "electronic_record"
}
