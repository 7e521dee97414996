//! scratch
use reterra_land::{
    column::*, energy::solar::SolarTable, forcing::*, parameters::Parameters, plant::pft::*,
    weather::disaggregate,
};
use std::sync::Arc;
fn main() {
    let dir = "/work/shared/data/sites_monthly";
    for (site, pft, lat, el) in [
        ("FI-Hyy", Pft::NeedleleafEvergreenBoreal, 61.85, 181.0),
        ("DE-Hai", Pft::BroadleafDeciduousTemperate, 51.08, 430.0),
        ("FR-Pue", Pft::BroadleafEvergreenTemperate, 43.74, 270.0),
        ("AT-Neu", Pft::C3Grass, 47.12, 970.0),
        ("DE-Geb", Pft::C3Crop, 51.1, 160.0),
    ] {
        let text = std::fs::read_to_string(format!("{dir}/{site}.csv")).unwrap();
        let months: Vec<MonthlyWeather> = text
            .lines()
            .skip(1)
            .map(|l| {
                let v: Vec<f64> =
                    l.split(',').skip(1).take(9).map(|x| x.parse().unwrap_or(f64::NAN)).collect();
                MonthlyWeather {
                    tmin: v[1] + 273.15,
                    tmax: v[2] + 273.15,
                    shortwave: v[3] / 0.0864,
                    co2: v[4],
                    vpd: v[7] * 100.0,
                    precipitation: v[8] / 86400.0,
                }
            })
            .collect();
        let obs: Vec<Vec<Option<f64>>> =
            text.lines().skip(1).map(|l| l.split(',').skip(10).map(|x| x.parse().ok()).collect()).collect();
        let w = disaggregate(&months, 0, 1, 0).unwrap();
        let s = Site {
            latitude: lat,
            elevation: el,
            pft,
            sand: 43.0,
            clay: 18.0,
            soil_depth: 2.5,
            nitrogen_deposition: 1.0,
        };
        let col = Column::new(s, Parameters::for_pft(pft), Arc::new(SolarTable::new(lat)));
        let tm = months.iter().map(|m| 0.5 * (m.tmin + m.tmax)).sum::<f64>() / months.len() as f64;
        let mut st = ColumnState::cold_start(&col, tm);
        let t0 = std::time::Instant::now();
        let cyc_w = w.slice(0..60);
        let (s2, rep) =
            reterra_land::spinup::spin_up(&col, st, &cyc_w, &reterra_land::spinup::Options::default())
                .unwrap();
        st = s2;
        println!("{site} {rep:?} {:.2}s", t0.elapsed().as_secs_f64());
        for cyc in 11..12 {
            let mut g = 0.0;
            let mut last = MonthlyOutput::default();
            let mut sc = [[0.0f64; 12]; 8];
            let mut n = 0.0;
            let im = simulate(&col, &mut st, &w, None, |m, o| {
                g += o.gpp * 86400.0 * 30.4 / 16.0;
                last = *o;
                n += 1.0 / 12.0;
                for (k, v) in [
                    o.gpp * 86400.0,
                    o.nee() * 86400.0,
                    o.et * 86400.0,
                    o.lai,
                    o.btran,
                    o.nitrogen_supply,
                    o.snow,
                    o.soil_temperature - 273.15,
                ]
                .into_iter()
                .enumerate()
                {
                    sc[k][m % 12] += v / 16.0;
                }
            })
            .unwrap();
            if cyc % 4 == 3 {
                println!(
                    "{site} cyc {cyc} gpp {g:.0} veg {:.0} lit {:.0} soil {:.0} N {:.0} minN {:.2} imb {im:?}",
                    last.vegetation_carbon,
                    last.litter_carbon,
                    last.soil_carbon,
                    last.ecosystem_nitrogen,
                    last.mineral_nitrogen
                );
            }
            if cyc == 11 {
                for (k, nm) in ["gpp", "nee", "et", "lai", "btran", "nsup", "snow", "ts"].iter().enumerate() {
                    println!("  {nm:5} {}", sc[k].iter().map(|x| format!("{x:7.2}")).collect::<String>());
                    if k < 4 {
                        let c = [0, 2, 4, 1][k];
                        let mut s = [0.0; 12];
                        let mut q = [0.0; 12];
                        for (m, o) in obs.iter().enumerate() {
                            if let Some(v) = o[c] {
                                s[m % 12] += v;
                                q[m % 12] += 1.0;
                            }
                        }
                        println!(
                            "  obs   {}",
                            (0..12).map(|m| format!("{:7.2}", s[m] / q[m])).collect::<String>()
                        );
                    }
                }
            }
        }
        println!("{:.0} column-years/s", 192.0 / t0.elapsed().as_secs_f64());
    }
}
