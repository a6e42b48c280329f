// Package ofd holds the rules for OFD packages and the signatures in them (GB/T 33190-2016, GB/T 38540-2020), one file a
// rule. Rules of the container and its XML are judged by opening the package, those of the signatures by the verdict of the
// verification report.
package ofd

import (
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		packageNames, packageDuplicates, packageStructure, packageLimits, xmlDoctype, xmlForm, boxes, locations,
		signatureList, referencePaths, references, checkMethod, signatureMethod, coverage, changedAfter, dataHash, sealFile, twoSeals, trust, schemaOrder, messages, personal, appearance,
	}
}

// open reads the package of a vector and judges nothing that is signed.
func open(v vectors.Vector) check.Outcome {
	_, err := ofd.Open(v.Fields["package"], ofd.DefaultLimits())
	failure := &ofd.Error{}
	switch {
	case err == nil:
		return check.Accept()
	case errors.As(err, &failure):
		return check.Refuse(failure.Code, err)
	}
	return check.Refuse("", err)
}

// judgedAt is the moment of judgement of the area's vectors.
var judgedAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// judge gives the package of a vector to the judge of the product, with the test root trusted unless the vector says not.
func judge(v vectors.Vector) check.Outcome {
	outcome, _ := judgeBoth(v)
	return outcome
}

// judgeBoth is judge, with the report.
func judgeBoth(v vectors.Vector) (check.Outcome, verify.Result) {
	roots, err := check.Roots(v)
	if err != nil {
		return check.Refuse("vector", err), verify.Result{}
	}
	result := verify.Verify(v.Name+".ofd", v.Fields["package"], verify.Options{Roots: roots, At: judgedAt, Strict: len(v.Fields["strict"]) > 0})
	return check.Verdict(v, result), result
}
