package elicense

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// checkRows judges every row as issuing it would, as far as that needs no key and draws nothing.
func (s *Service) checkRows(ctx context.Context, b Batch, t *catalog.Type, authority Authority, table batchfile.Table) ([]BatchRow, error) {
	if b.Kind == BatchImport {
		return s.checkImports(ctx, b, t, authority, table)
	}
	rows := make([]BatchRow, len(table.Rows))
	first := map[string]int{} // business number → index of its first row
	for i, row := range table.Rows {
		rows[i] = BatchRow{Line: row.Line, State: RowReady}
		if row.Broken {
			rows[i].refuse(b, fault.New(fault.LicenseRowBroken))
			continue
		}
		a := b.application(t, row)
		err := checkBusinessNumber(a.BusinessNumber)
		if err == nil {
			rows[i].BusinessNumber = a.BusinessNumber
		}
		rows[i].refuse(b, err)
		rows[i].refuse(b, s.checkApplication(t, a.values(t, authority)))
		if earlier, twice := first[a.BusinessNumber]; twice && err == nil {
			for _, n := range []int{earlier, i} { // neither: which of them is meant is nothing to guess
				if !slices.ContainsFunc(rows[n].Faults, func(f RowFault) bool { return f.Code == fault.LicenseRowTwice }) {
					rows[n].refuse(b, fault.New(fault.Invalid).WithField(KeyBusiness, fault.LicenseRowTwice))
				}
			}
		} else {
			first[a.BusinessNumber] = i
		}
	}
	return rows, s.checkRegister(ctx, b, t, authority, table, rows)
}

// checkRegister refuses rows whose business number was used for another application, or for one that is not approved.
func (s *Service) checkRegister(ctx context.Context, b Batch, t *catalog.Type, authority Authority, table batchfile.Table, rows []BatchRow) error {
	byNumber := map[string]int{}
	var numbers []string
	for i, row := range rows {
		if row.State == RowReady {
			byNumber[row.BusinessNumber] = i
			numbers = append(numbers, row.BusinessNumber)
		}
	}
	for chunk := range slices.Chunk(numbers, 500) {
		there, err := s.cfg.Store.FindBusiness(ctx, b.AuthorityCode, chunk)
		if err != nil {
			return storeFault(err, "find business numbers")
		}
		for _, l := range there {
			i := byNumber[l.BusinessNumber]
			a := b.application(t, table.Rows[i])
			same, err := s.requestDigest(ctx, a, a.values(t, authority))
			if err != nil {
				return storeFault(err, "digest application")
			}
			rows[i].refuse(b, repeats(l, same))
		}
	}
	return nil
}

// repeats tells why a licence that is there is not what a row asks for.
func repeats(l License, requestDigest string) error {
	switch {
	case l.RequestDigest != requestDigest:
		return fault.New(fault.Invalid).WithField(KeyBusiness, fault.LicenseBusinessNumber)
	case slices.Contains([]State{StateInReview, StateReturned, StateRejected, StateTakenBack}, l.State):
		return fault.New(fault.Invalid).WithField(KeyBusiness, fault.LicenseState)
	}
	return nil
}

// refuse adds what is wrong to a row, by field and column where the fault names them.
func (r *BatchRow) refuse(b Batch, err error) {
	if err == nil {
		return
	}
	r.State = RowRefused
	f := fault.From(err)
	for _, field := range f.Fields {
		r.Faults = append(r.Faults, RowFault{Field: field.Name, Column: b.Mapping[field.Name], Code: field.Code})
	}
	if len(f.Fields) == 0 {
		r.Faults = append(r.Faults, RowFault{Code: f.Code})
	}
}
