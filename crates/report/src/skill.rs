//! Skill against withheld observations: the figure of R² and the tables with all scores.

use serde::Serialize;

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{Basis, Goal, ReportInput, Run, Skill, Variable};
use crate::number;
use crate::scale::{Scale, extent};
use crate::seasonal::class;
use crate::svg::{self, Element};

const WIDTH: f64 = 1160.0;
const HEIGHT: f64 = 212.0;
const LABELS: f64 = 178.0;
const LEAST_PANEL: f64 = 230.0;
const MOST_PANEL: f64 = 420.0;
/// Room right of a panel's axis for the value of a bar that ends there.
const VALUES: f64 = 42.0;
/// The R² axis goes no lower than this; worse runs are marked at the edge.
const LOWEST: f64 = -0.5;

/// The table of one variable.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    label: &'static str,
    long_name: &'static str,
    unit: &'static str,
    class: &'static str,
    /// Number of months scored, where it is the same for all runs.
    shared_n: Option<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    run: &'static str,
    baseline: bool,
    r2: Cell,
    rmse: Cell,
    bias: Cell,
    coverage: String,
    n: String,
    goal: Option<GoalText>,
}

#[derive(Debug, Serialize)]
struct Cell {
    text: String,
    best: bool,
}

#[derive(Debug, Serialize)]
struct GoalText {
    text: String,
    met: bool,
}

/// The variables that have scores, in order.
pub(crate) fn scored(skill: &[Skill]) -> Vec<Variable> {
    Variable::ALL
        .into_iter()
        .filter(|variable| skill.iter().any(|score| score.variable == *variable))
        .collect()
}

/// The score of a run for a variable.
pub(crate) fn find(skill: &[Skill], variable: Variable, run: Run) -> Option<&Skill> {
    skill.iter().find(|score| score.variable == variable && score.run == run)
}

/// Whether a goal is met; a missing score does not meet it.
pub(crate) fn is_met(goal: &Goal, skill: &[Skill]) -> bool {
    find(skill, goal.variable, goal.run).and_then(|score| score.r2).is_some_and(|r2| r2 >= goal.r2)
}

/// One table per variable, best scores marked.
pub(crate) fn tables(input: &ReportInput) -> Vec<Table> {
    scored(&input.skill).into_iter().map(|variable| table(variable, input)).collect()
}

fn table(variable: Variable, input: &ReportInput) -> Table {
    let scores: Vec<&Skill> = Run::ALL.iter().filter_map(|run| find(&input.skill, variable, *run)).collect();
    let best = |value: fn(&Skill) -> Option<f64>| {
        scores.iter().filter_map(|s| value(s)).filter(|v| v.is_finite()).min_by(f64::total_cmp)
    };
    let best_r2 = best(|s| s.r2.map(|v| -v)).map(|v| -v);
    let (best_rmse, best_bias) = (best(|s| s.rmse), best(|s| s.bias.map(f64::abs)));
    let row = |score: &&Skill| Row {
        run: score.run.label(),
        baseline: score.run.is_baseline(),
        r2: Cell { text: number::fixed(score.r2, 3), best: score.r2.is_some() && score.r2 == best_r2 },
        rmse: Cell {
            text: shown(score.rmse, variable, false),
            best: score.rmse.is_some() && score.rmse == best_rmse,
        },
        bias: Cell {
            text: shown(score.bias, variable, true),
            best: score.bias.is_some() && score.bias.map(f64::abs) == best_bias,
        },
        coverage: score
            .coverage
            .map_or_else(String::new, |c| format!("{} %", number::fixed(Some(100.0 * c), 0))),
        n: number::whole(score.n as f64),
        goal: goal_text(score, input),
    };
    Table {
        label: variable.label(),
        long_name: variable.long_name(),
        unit: variable.display_unit(),
        class: class(variable),
        shared_n: shared_n(&scores),
        rows: scores.iter().map(row).collect(),
    }
}

fn shared_n(scores: &[&Skill]) -> Option<String> {
    let n = scores.first()?.n;
    scores.iter().all(|score| score.n == n).then(|| number::whole(n as f64))
}

fn shown(value: Option<f64>, variable: Variable, with_sign: bool) -> String {
    let value = value.map(|v| variable.display(v));
    if with_sign { number::signed(value, 2) } else { number::fixed(value, 2) }
}

fn goal_text(score: &Skill, input: &ReportInput) -> Option<GoalText> {
    let goal = input.goals.iter().find(|goal| goal.variable == score.variable && goal.run == score.run)?;
    let met = is_met(goal, &input.skill);
    Some(GoalText {
        text: format!("{} {}", if met { "≥" } else { "<" }, number::fixed(Some(goal.r2), 2)),
        met,
    })
}

/// R² of every run, one panel per variable.
pub(crate) fn draw(input: &ReportInput) -> Figure {
    let variables = scored(&input.skill);
    let count = variables.len().max(1) as f64;
    let panel_width = ((WIDTH - LABELS) / count).clamp(LEAST_PANEL, MOST_PANEL);
    let area = Area { left: 8.0, top: 30.0, width: panel_width - VALUES, height: 156.0 };
    let heading = format!("R² of every run in {}", input.basis.months());
    let mut figure = Figure::new(LABELS + panel_width * count, HEIGHT, &heading);
    let runs: Vec<Run> =
        Run::ALL.into_iter().filter(|run| input.skill.iter().any(|score| score.run == *run)).collect();
    let lowest = extent(input.skill.iter().filter_map(|score| score.r2)).map_or(0.0, |(low, _)| low);
    let x = area.x((if lowest < 0.0 { lowest.max(LOWEST) - 0.05 } else { 0.0 }, 1.0));
    let rows = Rows { area, count: runs.len() };
    figure.add(Element::new("g").children(runs.iter().enumerate().map(|(i, run)| rows.label(i, *run))));
    for (i, variable) in variables.iter().enumerate() {
        let scores = runs
            .iter()
            .enumerate()
            .filter_map(|(row, run)| Some((row, find(&input.skill, *variable, *run)?)));
        let marks = scores.filter_map(|(row, score)| rows.bar(row, score, input, &x));
        let panel = svg::group_at(LABELS + panel_width * i as f64, 0.0)
            .child(area.vertical_grid(&x, 5))
            .child(title(*variable, input.basis, area.left))
            .child(svg::line((x.at(0.0), area.top), (x.at(0.0), area.bottom()), "zero"))
            .children(marks);
        figure.add(panel);
    }
    figure
}

fn title(variable: Variable, basis: Basis, x: f64) -> Element {
    let unit = Element::new("tspan").class("unit").attr("dx", 6).text(&format!("R², {}", basis.months()));
    Element::new("text").num("x", x).num("y", 16.0).class("panel-title").text(variable.label()).child(unit)
}

struct Rows {
    area: Area,
    count: usize,
}

impl Rows {
    fn y(&self, row: usize) -> f64 {
        self.area.top + (row as f64 + 0.5) / self.count.max(1) as f64 * self.area.height
    }

    fn label(&self, row: usize, run: Run) -> Element {
        let class = if run.is_baseline() { "row-label end baseline" } else { "row-label end" };
        svg::text(LABELS - 6.0, self.y(row) + 4.0, class, run.label())
    }

    fn bar(&self, row: usize, score: &Skill, input: &ReportInput, x: &Scale) -> Option<Element> {
        let r2 = score.r2.filter(|r2| r2.is_finite())?;
        let (y, from, to) = (self.y(row), x.clamped(0.0), x.clamped(r2));
        let kind = if score.run.is_baseline() { "baseline" } else { class(score.variable) };
        let bar = svg::rect(from.min(to), y - 5.0, (to - from).abs(), 10.0)
            .attr("rx", 2)
            .class(&format!("bar {kind}"));
        let goal = input.goals.iter().find(|goal| goal.variable == score.variable && goal.run == score.run);
        let goal = goal.map(|goal| {
            let text = format!("goal: R² ≥ {}", number::fixed(Some(goal.r2), 2));
            svg::line((x.at(goal.r2), y - 9.0), (x.at(goal.r2), y + 9.0), "goal").tooltip(&text)
        });
        let beyond = if r2 < x.domain().0 { "◂ " } else { "" };
        let text = format!("{beyond}{}", number::fixed(Some(r2), 2));
        let value = svg::text(from.max(to) + 6.0, y + 4.0, "value halo", &text);
        Some(Element::new("g").child(bar).children(goal).child(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(run: Run, r2: f64) -> Skill {
        Skill {
            variable: Variable::Gpp,
            run,
            r2: Some(r2),
            rmse: Some(1e-5),
            bias: Some(-1e-6),
            n: 12,
            coverage: None,
        }
    }

    fn input() -> ReportInput {
        let goal = |run, r2| Goal { variable: Variable::Gpp, run, r2 };
        ReportInput {
            skill: vec![
                score(Run::Climatology, 0.77),
                score(Run::Prior, -3.0),
                score(Run::Assimilated, 0.81),
            ],
            goals: vec![goal(Run::Assimilated, 0.78), goal(Run::Calibrated, 0.65)],
            ..ReportInput::default()
        }
    }

    #[test]
    fn rows_stand_in_order_and_only_the_best_is_marked() {
        let tables = tables(&input());
        let rows: Vec<_> = tables[0].rows.iter().map(|row| (row.run, row.r2.best)).collect();
        assert_eq!(
            rows,
            [("Prior", false), ("Calibrated + assimilated", true), ("Station climatology", false)]
        );
        assert_eq!(tables[0].rows[0].rmse.text, "0.86");
    }

    #[test]
    fn a_goal_without_a_score_is_not_met() {
        let input = input();
        assert!(is_met(&input.goals[0], &input.skill));
        assert!(!is_met(&input.goals[1], &input.skill));
    }

    #[test]
    fn a_score_below_the_axis_is_marked_at_its_edge() {
        assert!(draw(&input()).inline().contains("◂ \u{2212}3.00"));
    }
}
