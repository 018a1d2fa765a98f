// How Allure 3 writes the report. reports/allure/generate.py sets the variables.
const { CLAIMS_OUTPUT, CLAIMS_HISTORY, CLAIMS_VERSIONS = "[]" } = process.env;

const onVersion = (version) => ({
  name: `TensorFlow ${version}`,
  matcher: ({ labels }) => labels.some(({ name, value }) => name === "tf" && value === version),
});

const versions = JSON.parse(CLAIMS_VERSIONS);

export default {
  name: "Training claims",
  output: CLAIMS_OUTPUT,
  historyPath: CLAIMS_HISTORY,
  historyLimit: 50,
  // What every claim has alike, or the tree already says.
  hideLabels: [
    "epic", "feature", "story", "severity", "ALLURE_ID", "tf", "tag", "host", "thread", "framework",
    "language", "package", "parentSuite", "suite", "subSuite",
  ],
  environments: Object.fromEntries(
    versions.map((version) => [`tf-${version.replace(/[^A-Za-z0-9]+/g, "-")}`, onVersion(version)]),
  ),
  categories: [
    {
      name: "Claim refuted",
      matchers: [{ statuses: ["failed"], message: /\bRefuted\b/ }],
      expand: true,
    },
    {
      name: "Fixed",
      matchers: [{ statuses: ["failed"], message: /\bFixed\b/ }],
      expand: true,
    },
    {
      name: "Drifted",
      matchers: [{ statuses: ["failed", "broken"], message: /\bDrifted\b/ }],
      expand: true,
    },
    {
      name: "Inconclusive",
      matchers: [
        { statuses: ["skipped", "failed", "broken"], message: /\b[Ii]nconclusive\b/ },
      ],
      expand: true,
    },
    {
      name: "Infrastructure",
      matchers: [{ statuses: ["broken", "failed", "unknown"] }],
      expand: true,
    },
  ].map((category) => ({ groupByMessage: false, ...category })),
  plugins: {
    awesome: {
      options: {
        singleFile: true,
        reportName: "Training claims",
        reportLanguage: "en",
        defaultSortBy: "status,asc",
        charts: [
          { type: "currentStatus", title: "Claims by status" },
          { type: "statusDynamics", title: "Claims by status, run after run" },
          { type: "successRateDistribution", title: "Claims by subject" },
          { type: "problemsDistribution", title: "Problems by TensorFlow version", by: "environment" },
          { type: "durations", title: "Claims by the time they took" },
        ],
      },
    },
  },
};
