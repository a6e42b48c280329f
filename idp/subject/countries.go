package subject

import (
	"maps"
	"slices"
	"strings"
)

// countryCodes are the codes of ISO 3166-1: alpha-2, alpha-3. Names are not here: whoever shows a country has them from the
// Unicode CLDR.
const countryCodes = `
ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD
BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN
CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU
DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB
GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG
HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN
KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU
LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR
MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL
OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB
RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP
SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN
TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF
ZMZMB ZWZWE
`

// specialNationalities stand in passports beside the countries (ICAO Doc 9303-3 section 5, codes D to XXX).
var specialNationalities = []string{"D", "EUE", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "UNA", "UNK", "UNO", "XOM", "XXA", "XXB", "XXC", "XXX"}

var countries = func() map[string]string {
	all := map[string]string{}
	for _, pair := range strings.Fields(countryCodes) {
		all[pair[2:]] = pair[:2]
	}
	return all
}()

// notNationalities have a code of ISO 3166-1 and no passports of their own: nobody lives there, or the people there are
// Chinese citizens, who have permits and identity cards.
var notNationalities = []string{"ATA", "ATF", "BVT", "HKG", "HMD", "IOT", "MAC", "SGS", "TWN", "UMI"}

// Nationalities are the alpha-3 codes that a passport may tell, in order.
func Nationalities() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(countries)), func(code string) bool { return slices.Contains(notNationalities, code) })
}

// Alpha2 is the two-letter code of a three-letter one; empty for one that is none.
func Alpha2(alpha3 string) string { return countries[alpha3] }

// ParseNationality reads a code of ISO 3166-1 alpha-3, one of alpha-2, or one of ICAO Doc 9303-3 that stands for no country;
// "D", as German passports have it, is DEU.
func ParseNationality(text string) (string, error) {
	code := strings.TrimRight(strings.ToUpper(narrow(text)), "<")
	if len(code) == 2 {
		for alpha3, alpha2 := range countries {
			if alpha2 == code {
				return alpha3, nil
			}
		}
	}
	if _, ok := countries[code]; !ok && !slices.Contains(specialNationalities, code) {
		return "", ErrNationality
	}
	if code == "D" {
		code = "DEU"
	}
	return code, nil
}
