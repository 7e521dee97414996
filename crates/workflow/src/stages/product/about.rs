//! What the product says about itself. No clock enters, so that the same run gives the same file.

use std::collections::BTreeMap;

use reterra_io::cf::About;

use crate::engine::{Context, StageError};

/// Attribution of the data behind the shipped workflows.
pub const ATTRIBUTIONS: [&str; 2] = [
    "Flux observations: FLUXNET2015 (Pastorello et al. 2020, doi:10.1038/s41597-020-0534-3), CC-BY-4.0.",
    "Monthly series and normals: CARDAMOM-FluxVal 1.0 (Yang et al. 2022, doi:10.5194/gmd-15-1789-2022), CC-BY-4.0.",
];

/// Methods, by what they are used for.
const REFERENCES: &str = "CLM5 biogeochemistry: Lawrence et al. 2019, doi:10.1029/2018MS001583. \
    Semi-analytic spin-up: Xia et al. 2012, doi:10.5194/gmd-5-1259-2012. \
    Ensemble transform Kalman inversion: Huang et al. 2022, doi:10.1088/1361-6420/ac99fa. \
    Ensemble transform Kalman filter: Bishop et al. 2001, \
    doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2. \
    Observations: doi:10.1038/s41597-020-0534-3, doi:10.5194/gmd-15-1789-2022.";

const STAGES: [&str; 3] = ["spinup", "calibrate", "assimilate"];

/// The global attributes.
pub(super) fn about(context: &Context<'_>) -> Result<About, StageError> {
    let workflow = context.workflow();
    let version = env!("CARGO_PKG_VERSION");
    let key = context.manifest("assimilate")?.key.key;
    Ok(About {
        title: workflow.title.clone(),
        summary: format!(
            "Monthly carbon, nitrogen and water states and fluxes of land stations from {} to {}, made by a \
             CLM5-style column model that was spun up, calibrated by vegetation type and brought together with \
             station observations by an ensemble of {} members. Values are ensemble means; spread, quantiles and \
             quality flags stand beside them.",
            workflow.period.start, workflow.period.end, workflow.assimilate.members
        ),
        keywords: "carbon cycle, nitrogen cycle, water cycle, land, reanalysis, data assimilation, ensemble"
            .to_owned(),
        source: format!("reterra {version}, embedded land model"),
        history: format!("reterra {version}: {}, product", STAGES.join(", ")),
        references: REFERENCES.to_owned(),
        license: "CC-BY-4.0, https://creativecommons.org/licenses/by/4.0/".to_owned(),
        acknowledgement: format!(
            "{} This work used eddy covariance data acquired and shared by the FLUXNET community.",
            ATTRIBUTIONS.join(" ")
        ),
        id: format!("{}-{}", workflow.name, key.get(..16).unwrap_or(&key)),
        further: vec![
            ("seed".to_owned(), workflow.seed.to_string()),
            ("input_checksums".to_owned(), checksums(&inputs(context, &STAGES)?)),
        ],
        ..About::default()
    })
}

/// The input files of these stages by label, with their SHA-256.
pub(in crate::stages) fn inputs(
    context: &Context<'_>,
    stages: &[&str],
) -> Result<BTreeMap<String, String>, StageError> {
    let mut inputs = BTreeMap::new();
    for stage in stages {
        inputs.append(&mut context.manifest(stage)?.key.inputs);
    }
    Ok(inputs)
}

fn checksums(inputs: &BTreeMap<String, String>) -> String {
    inputs.iter().map(|(label, sum)| format!("{label} sha256:{sum}")).collect::<Vec<_>>().join("\n")
}
