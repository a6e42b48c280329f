// Package ofd holds the rules for OFD packages and the signatures in them (GB/T 33190-2016, GB/T 38540-2020), one file a
// rule. Rules of the container and its XML are judged by opening the package, those of the signatures by what the reader
// says of their lists.
package ofd

import (
	"errors"

	"github.com/yinxin-gov/yinxin/conformance/check"
	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// Rules of the area, in the order of a report.
func Rules() []check.Rule {
	return []check.Rule{
		packageNames, packageDuplicates, packageStructure, packageLimits, xmlDoctype, xmlForm, boxes, locations,
		signatureList, referencePaths,
	}
}

// open reads the package of a vector; the first refusal counts, then faults of the lists, of descriptions and of
// references.
func open(v vectors.Vector) check.Outcome {
	opened, err := ofd.Open(v.Fields["package"], ofd.DefaultLimits())
	if err != nil {
		failure := &ofd.Error{}
		if errors.As(err, &failure) {
			return check.Refuse(failure.Code, err)
		}
		return check.Refuse("", err)
	}
	faults := opened.Faults
	for _, signature := range opened.Signatures {
		if signature.Fault != nil {
			faults = append(faults, signature.Fault)
		}
		for _, reference := range signature.References {
			if reference.Fault != nil {
				faults = append(faults, reference.Fault)
			}
		}
	}
	if len(faults) > 0 {
		return check.Refuse(faults[0].Code, faults[0])
	}
	return check.Accept()
}
