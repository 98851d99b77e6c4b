package winrm

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// durationPattern is xs:duration without years and months, which have no fixed
// length and which nobody sends.
var durationPattern = regexp.MustCompile(`^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$`)

// parseDuration reads an xs:duration; it must be positive.
func parseDuration(s string) (time.Duration, bool) {
	m := durationPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	var sum float64 // seconds
	for i, unit := range []float64{86400, 3600, 60, 1} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseFloat(m[i+1], 64)
		if err != nil {
			return 0, false
		}
		sum += n * unit
	}
	const longest = 100 * 365 * 86400 // seconds; beyond it time.Duration overflows
	if sum <= 0 || sum > longest {
		return 0, false
	}
	return time.Duration(sum * float64(time.Second)), true
}

// formatTimeout writes a timeout the way Windows does: PT7200.000S.
func formatTimeout(d time.Duration) string { return fmt.Sprintf("PT%.3fS", d.Seconds()) }

// formatElapsed writes an age the way Windows does: P0DT1H2M3S.
func formatElapsed(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("P%dDT%dH%dM%dS", s/86400, s/3600%24, s/60%60, s%60)
}
