package authflow

import "github.com/yinxin-gov/yinxin/idp/subject"

// Reach is the highest strength of login to which a flow leads: a request for more leads nobody further. How high proofing leads
// is a matter of its policy and of the sources that are configured.
func Reach() subject.AAL { return maxAAL }
