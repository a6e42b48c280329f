package sealtest

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/yinxin-gov/yinxin/esign"
)

// PersonName is the name of Official.
const PersonName = "王小明"

// People is an esign.People in memory whose calls are steps: "people person", "people human". Logins are the names of accounts; an account of a
// citizen and one of staff of the same name are one human.
type People struct {
	steps *Steps
	mutex sync.Mutex
	staff map[string]esign.Person // by login
}

func newPeople(steps *Steps) *People {
	return &People{steps: steps, staff: map[string]esign.Person{
		"official": {Account: "staff:official", Name: PersonName, Organisation: "11990000MB7QX0015W", Works: true},
		"other":    {Account: "staff:other", Name: "李明", Organisation: "11990000MB7QX0015W", Works: true},
		"keeper":   {Account: "staff:keeper", Name: "赵六", Organisation: "11990000MB7QX0015W", Works: true},
	}}
}

// Change changes what is known of somebody.
func (p *People) Change(login string, change func(*esign.Person)) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	staff := maps.Clone(p.staff)
	person := staff[login]
	change(&person)
	staff[login] = person
	p.staff = staff
}

// Forget removes somebody.
func (p *People) Forget(login string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.staff, login)
}

// PersonByLogin implements esign.People.
func (p *People) PersonByLogin(_ context.Context, login string) (person esign.Person, err error) {
	err = p.steps.around("people person", func() error {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		var ok bool
		if person, ok = p.staff[login]; !ok {
			return esign.ErrNotFound
		}
		return nil
	})
	return person, err
}

// Person implements esign.People.
func (p *People) Person(ctx context.Context, account string) (esign.Person, error) {
	login, ok := strings.CutPrefix(account, "staff:")
	if !ok {
		return esign.Person{}, esign.ErrNotFound
	}
	return p.PersonByLogin(ctx, login)
}

// Human implements esign.People.
func (p *People) Human(_ context.Context, actor string) (human string, err error) {
	err = p.steps.around("people human", func() error {
		if realm, name, _ := strings.Cut(actor, ":"); realm == "staff" || realm == "account" {
			human = "human of " + name
		}
		return nil
	})
	return human, err
}
