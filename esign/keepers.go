package esign

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Keepers says whom organisations named as keepers of their seals (印章保管人, decision record 0018); internal/app adapts the room that knows.
// Whatever fails is an answer that nobody gave: it refuses for now, and lets nobody pass.
type Keepers interface {
	// Naming is that of the organisation with a unified social credit code; the zero value where it never named anybody, or gave that up.
	Naming(ctx context.Context, code string) (Naming, error)
	// Human names the human behind an actor by a keyed hash, the same for all accounts of one person; empty for whoever is no known person.
	Human(ctx context.Context, actor string) (string, error)
	// Name is how the person of an account is shown to staff: masked.
	Name(ctx context.Context, actor string) (string, error)
}

// Naming is whom an organisation named.
type Naming struct {
	Named   bool     // nobody else uses its seals, be it that nobody is left
	Keepers []Keeper // those whose naming holds
}

// Keeper is somebody whom an organisation named.
type Keeper struct {
	Actor string   // account of the person
	Seals []string // codes of the seals that are kept; empty is all of the organisation
	Until time.Time
	Rests bool // the account was recovered within the day
}

// Kept is who keeps a seal.
type Kept struct {
	By      []string // names of the organisations whose naming counts; empty where none named anybody
	Keepers []Keeper // of this seal
}

// keeping finds whose naming counts for a seal: that of those who stand in the place of its organisation by now, once one of them named
// anybody, and until then its own.
func (s *Service) keeping(ctx context.Context, seal Seal) (Kept, error) {
	heirs, err := s.standing(ctx, seal.party())
	if err != nil {
		return Kept{}, err
	}
	for _, parties := range [][]Party{heirs, {seal.party()}} {
		var kept Kept
		for _, party := range parties {
			if party.Code == "" {
				continue
			}
			naming, err := s.cfg.Keepers.Naming(ctx, party.Code)
			if err != nil {
				return Kept{}, unavailable(err)
			}
			if naming.Named {
				kept.By, kept.Keepers = append(kept.By, party.Name), append(kept.Keepers, naming.Keepers...)
			}
		}
		if len(kept.By) > 0 {
			kept.Keepers, err = s.keepersOf(ctx, seal, kept.Keepers)
			return kept, err
		}
	}
	return Kept{}, nil
}

// standing are those who stand in the place of an organisation now; none while it goes on itself.
func (s *Service) standing(ctx context.Context, owner Party) (heirs []Party, err error) {
	steps, err := s.lineage(ctx, owner)
	for _, step := range steps {
		if !step.from.After(s.now()) {
			heirs = step.parties
		}
	}
	return heirs, err
}

// keepersOf leaves those of the keepers who keep a seal. Who keeps one keeps the one that takes its place.
func (s *Service) keepersOf(ctx context.Context, seal Seal, all []Keeper) (of []Keeper, err error) {
	chosen := slices.ContainsFunc(all, func(k Keeper) bool { return len(k.Seals) > 0 && !slices.Contains(k.Seals, seal.Code) })
	codes := []string{seal.Code}
	for seal.Replaces != "" && chosen && len(codes) <= maxSteps {
		if seal, err = s.find(ctx, seal.Replaces); err != nil {
			return nil, err
		}
		codes = append(codes, seal.Code)
	}
	for _, k := range all {
		if len(k.Seals) == 0 || slices.ContainsFunc(codes, func(code string) bool { return slices.Contains(k.Seals, code) }) {
			of = append(of, k)
		}
	}
	return of, nil
}

// keeps refuses somebody whom the organisation of a seal did not name, where it named keepers. People are compared, not accounts: staff are
// named as the citizens that they are. A personal seal is kept by its person alone, whomever the organisation named. Whoever stops a seal is not
// asked.
func (s *Service) keeps(ctx context.Context, actor string, seal Seal) error {
	if seal.Personal() {
		return s.owns(ctx, actor, seal)
	}
	if s.cfg.Keepers == nil {
		return nil
	}
	kept, err := s.keeping(ctx, seal)
	if err != nil || len(kept.By) == 0 {
		return err
	}
	return s.among(ctx, actor, kept)
}

func (s *Service) keepsByID(ctx context.Context, actor, sealID string) error {
	seal, err := s.find(ctx, sealID)
	if err != nil {
		return err
	}
	return s.keeps(ctx, actor, seal)
}

func (s *Service) among(ctx context.Context, actor string, kept Kept) error {
	organisation := strings.Join(kept.By, "、")
	if len(kept.Keepers) == 0 {
		return fault.New(fault.SealNoKeeper, "organisation", organisation)
	}
	human, err := s.cfg.Keepers.Human(ctx, actor)
	if err != nil {
		return unavailable(err)
	}
	refusal := fault.New(fault.SealNotKeeper, "organisation", organisation)
	for _, k := range kept.Keepers {
		if human == "" {
			break
		}
		other, err := s.cfg.Keepers.Human(ctx, k.Actor)
		if err != nil {
			return unavailable(err)
		}
		switch {
		case other != human:
		case k.Rests:
			refusal = fault.New(fault.RecoveryRest)
		default:
			return nil
		}
	}
	return refusal
}

// keeper judges somebody who wants to use a seal as its keeper: the role for its area, and the word of its organisation.
func (s *Service) keeper(ctx context.Context, seal Seal) (context.Context, error) {
	ctx, err := seal.in(ctx, RoleKeeper)
	if err == nil {
		err = s.keeps(ctx, reqctx.From(ctx).Actor.ID, seal)
	}
	return ctx, err
}

// NamedKeeper is a keeper as pages show one.
type NamedKeeper struct {
	Name  string // masked
	Until time.Time
}

// Named is who keeps a seal by the word of its organisation, for staff.
type Named struct {
	By      string // organisation; empty where none named anybody
	Keepers []NamedKeeper
	Refusal error // why the caller does not use the seal; nil for one of the keepers, and where nobody is named
}

// NamedFor tells who keeps a seal, and whether the caller is among them. Find the seal before.
func (s *Service) NamedFor(ctx context.Context, seal Seal) (Named, error) {
	if seal.Personal() {
		err := s.owns(ctx, reqctx.From(ctx).Actor.ID, seal)
		if fault.CodeOf(err) == fault.Unavailable {
			return Named{}, err
		}
		return Named{Refusal: err}, nil
	}
	if s.cfg.Keepers == nil {
		return Named{}, nil
	}
	kept, err := s.keeping(ctx, seal)
	if err != nil || len(kept.By) == 0 {
		return Named{}, err
	}
	named := Named{By: strings.Join(kept.By, "、"), Refusal: s.among(ctx, reqctx.From(ctx).Actor.ID, kept)}
	if fault.CodeOf(named.Refusal) == fault.Unavailable {
		return Named{}, named.Refusal
	}
	for _, k := range kept.Keepers {
		name, err := s.cfg.Keepers.Name(ctx, k.Actor)
		if err != nil {
			return Named{}, unavailable(err)
		}
		named.Keepers = append(named.Keepers, NamedKeeper{name, k.Until})
	}
	return named, nil
}
