//! Cells of synthetic Europe, put together from their parts.

use std::sync::Arc;

use reterra_fields::{Cell, Month, RotatedGrid};
use reterra_land::column::Site;
use reterra_land::energy::solar::SolarTable;
use reterra_land::fire::Ignition;
use reterra_land::forcing::MonthlyWeather;
use serde::{Deserialize, Serialize};

use crate::climate::{Normals, Place};
use crate::noise::{Field, Fractal, key, on_sphere};
use crate::outline::Outline;
use crate::relief::Relief;
use crate::soil::{self, SoilNoise};
use crate::vegetation::{self, LandscapeNoise};
use crate::{deposition, weather};

/// A cell is run as a column from this share of land on.
const LEAST_LAND: f64 = 0.5;
/// Cells are means over points about this far apart, degrees, at least 2 × 2.
const SPACING: f64 = 0.055;
const CLIMATE_NOISE: Fractal = Fractal { longest: 800.0, shortest: 100.0, hurst: 0.6 };

/// Land and height of a cell, of sea cells too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Share of land.
    pub land_fraction: f64,
    /// Mean height of the land, m; 0 where there is none.
    pub elevation: f64,
}

/// A cell that is run.
#[derive(Clone, Debug)]
pub struct LandCell {
    /// Its place in the grid.
    pub cell: Cell,
    /// Its number in the grid, which names its random streams.
    pub number: u32,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Area of the whole cell, m².
    pub area: f64,
    /// Share of land.
    pub land_fraction: f64,
    /// What the land model needs to know of it.
    pub site: Site,
    /// The sun over it.
    pub solar: Arc<SolarTable>,
    /// Its mean year.
    pub normals: Normals,
}

/// The generator of synthetic Europe.
#[derive(Clone, Debug)]
pub struct SyntheticEurope {
    grid: RotatedGrid,
    seed: u64,
    outline: Outline,
    relief: Relief,
    soil: SoilNoise,
    landscape: LandscapeNoise,
    cloud: u64,
    rain: u64,
}

/// Means over the land of a cell's points.
#[derive(Clone, Copy, Debug, Default)]
struct Means {
    points: f64,
    land: f64,
    elevation: f64,
    inland: f64,
    soil: soil::Draws,
    landscape: vegetation::Draws,
}

impl SyntheticEurope {
    /// On a grid, from a seed.
    #[must_use]
    pub fn new(grid: RotatedGrid, seed: u64) -> Self {
        Self {
            grid,
            seed,
            outline: Outline::new(seed),
            relief: Relief::new(seed),
            soil: SoilNoise::new(seed),
            landscape: LandscapeNoise::new(seed),
            cloud: key(seed, Field::Cloud, 0),
            rain: key(seed, Field::Rain, 0),
        }
    }

    /// Its grid.
    #[must_use]
    pub fn grid(&self) -> &RotatedGrid {
        &self.grid
    }

    /// Land and height of a cell.
    #[must_use]
    pub fn surface(&self, cell: Cell) -> Surface {
        self.means(cell).surface()
    }

    /// A cell as a column, none at sea.
    #[must_use]
    pub fn land_cell(&self, cell: Cell) -> Option<LandCell> {
        self.cell(cell).1
    }

    /// Land and height of a cell, and its column, none at sea.
    #[must_use]
    pub fn cell(&self, cell: Cell) -> (Surface, Option<LandCell>) {
        let means = self.means(cell);
        let surface = means.surface();
        if surface.land_fraction < LEAST_LAND {
            return (surface, None);
        }
        let (latitude, longitude) = self.grid.centre(cell);
        let point = on_sphere(latitude, longitude);
        let solar = Arc::new(SolarTable::new(latitude));
        let place = Place {
            latitude,
            longitude,
            elevation: surface.elevation,
            inland: means.inland / means.land,
            cloud: CLIMATE_NOISE.at(point, self.cloud),
            rain: CLIMATE_NOISE.at(point, self.rain),
        };
        let normals = place.normals(&solar);
        let column = LandCell {
            cell,
            number: self.grid.number(cell) as u32,
            latitude,
            longitude,
            area: self.grid.area(cell.row),
            land_fraction: surface.land_fraction,
            site: means.site(&place, &normals),
            solar,
            normals,
        };
        (surface, Some(column))
    }

    /// Monthly weather of a cell: `count` months from `start`.
    #[must_use]
    pub fn weather(&self, cell: &LandCell, (start, count): (Month, usize), co2: f64) -> Vec<MonthlyWeather> {
        let point = on_sphere(cell.latitude, cell.longitude);
        weather::months(&cell.normals, (self.seed, point), (start, count), co2)
    }

    fn means(&self, cell: Cell) -> Means {
        let n = (self.grid.resolution / SPACING).round().clamp(2.0, 10.0) as usize;
        let mut means = Means::default();
        for place in self.grid.points(cell, n) {
            means.points += 1.0;
            let point = on_sphere(place.0, place.1);
            let shore = self.outline.shore(place, point);
            if shore.is_land {
                means.land += 1.0;
                means.elevation += self.relief.height(place, point, shore.inland);
                means.inland += shore.inland;
                add(&mut means.soil, &self.soil.at(point));
                add(&mut means.landscape, &self.landscape.at(point));
            }
        }
        means
    }
}

fn add<const N: usize>(sums: &mut [f64; N], values: &[f64; N]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

impl Means {
    fn surface(&self) -> Surface {
        Surface { land_fraction: self.land / self.points, elevation: self.elevation / self.land.max(1.0) }
    }

    fn site(&self, place: &Place, normals: &Normals) -> Site {
        let soil = self.soil.map(|sum| sum / self.land);
        let landscape = self.landscape.map(|sum| sum / self.land);
        let (sand, clay) = soil::texture(&soil, place.latitude);
        let climate = normals.bioclimate();
        let soil_depth = soil::depth(&soil, place.elevation);
        Site {
            latitude: place.latitude,
            elevation: place.elevation,
            cover: vegetation::cover(&climate, place.elevation, &landscape),
            sand,
            clay,
            organic: soil::organic(&climate),
            soil_depth,
            base: soil::base(soil_depth, place.elevation),
            wind: place.wind(),
            nitrogen_deposition: deposition::nitrogen(place.latitude, place.longitude),
            ignition: Ignition::usual(place.latitude),
        }
    }
}
