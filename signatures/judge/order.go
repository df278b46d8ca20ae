package judge

// CompareVersions orders two versions as people count them: 1.0-beta, 1.0,
// 1.0.1, 1.10. It is negative if a is the earlier one.
func CompareVersions(a, b string) int { return compareVersions(a, b) }
