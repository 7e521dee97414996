//! scratch
use std::path::Path; use std::collections::BTreeMap;
use reterra_workflow::{config::{self,*}, experiment::{*, case::*}};
use reterra_fields::{calendar::Month, station::*};
use reterra_land::{forcing::MonthlyWeather, spinup, plant::pft::VegetationClass, parameters::{self,Parameters}, column::*};
use reterra_assimilation::*; use rayon::prelude::*; use ndarray::Array2;
use reterra_statistics::{random::*, prior::*};
fn load(id:&str, igbp:Igbp, lat:f64, lon:f64, elev: f64, col:u32)->StationCase{
    let dir="/work/shared/data/sites_monthly";
    let text=std::fs::read_to_string(format!("{dir}/{id}.csv")).unwrap();
    let rows: Vec<Vec<Option<f64>>> = text.lines().skip(1).map(|l| l.split(',').skip(1).map(|x| x.parse().ok()).collect()).collect();
    let w: Vec<MonthlyWeather> = rows.iter().map(|v| { let g=|i:usize| v[i].unwrap(); MonthlyWeather{tmin:g(1)+273.15,tmax:g(2)+273.15,shortwave:g(3).max(0.0)/0.0864,co2:g(4),vpd:g(7)*100.0,precipitation:g(8).max(0.0)/86400.0}}).collect();
    let hd:Vec<&str>=text.lines().next().unwrap().split(',').skip(1).collect(); let names=["train_GPP","train_LAI","train_NBE","train_ABGB","train_ET","valid_GPP","valid_NEE","valid_ET"];
    let ser=|i:usize,f:f64| {let k=hd.iter().position(|h|*h==names[i-9]); rows.iter().map(|v| k.and_then(|k|v[k]).map(|x| x*f)).collect::<Vec<_>>()};
    let d=1.0/86400.0;
    let mut a:Series=BTreeMap::new(); a.insert(Variable::Gpp,ser(9,d)); a.insert(Variable::Lai,ser(10,1.0)); a.insert(Variable::Nee,ser(11,d)); a.insert(Variable::Biomass,ser(12,1.0)); a.insert(Variable::Et,ser(13,d));
    let mut v:Series=BTreeMap::new(); v.insert(Variable::Gpp,ser(14,d)); v.insert(Variable::Nee,ser(15,d)); v.insert(Variable::Et,ser(16,d));
    let st=Station{id:id.into(),name:id.into(),latitude:lat,longitude:lon,elevation:Some(elev),igbp,country:None,soil:None,deims:None,network:None,nitrogen_deposition:None};
    StationCase::new(CaseInput{station:st,start:Month{year:2001,month:1},weather:w,assimilated:a,withheld:v},(40.0,20.0),1.0/(365.0*86400.0),60,(1,col)).unwrap()
}
fn r2(o:&[f64],m:&[f64])->(f64,f64){let mu=o.iter().sum::<f64>()/o.len() as f64;let sse:f64=o.iter().zip(m).map(|(a,b)|(a-b).powi(2)).sum();let sst:f64=o.iter().map(|a|(a-mu).powi(2)).sum();(1.0-sse/sst,m.iter().zip(o).map(|(a,b)|a-b).sum::<f64>()/o.len() as f64*86400.0)}
type Pred=Vec<Vec<MonthlyOutput>>; // per station mean outputs
fn score(name:&str,cases:&[StationCase],runs:&[Vec<Vec<MonthlyOutput>>]){
    print!("{name:24}");
    for v in [Variable::Gpp,Variable::Nee,Variable::Et]{
        let (mut o,mut m)=(vec![],vec![]);
        for (c,r) in cases.iter().zip(runs){ for (t,x) in c.withheld[&v].iter().enumerate(){ if let Some(x)=x{ if r.is_empty(){continue;} o.push(*x); m.push(r.iter().map(|k| member::observe(v,&k[t])).sum::<f64>()/r.len() as f64);} } }
        let (a,b)=r2(&o,&m); print!("  {} r2 {a:.3} bias {b:+.2}",v.name());
    } println!();
}
fn main(){
    let wf=config::load(Path::new("workflows/stations-monthly.toml"),Overrides{data:Some(Path::new("/work/shared/data/sites_monthly")),seed:None},parameters::NAMES).unwrap();
    let args:Vec<String>=std::env::args().collect(); let n:usize=args[1].parse().unwrap(); let iters:u32=args[2].parse().unwrap(); let eff:f64=args[3].parse().unwrap(); let n2:usize=args[4].parse().unwrap(); let sd_dev:f64=args[5].parse().unwrap();
    let sites=std::fs::read_to_string("/work/shared/data/sites_monthly/sites.csv").unwrap();
    let cases:Vec<StationCase>=sites.lines().skip(1).enumerate().map(|(i,l)|{let f:Vec<&str>=l.split(',').collect();let ig=Igbp::ALL[Igbp::CODES.iter().position(|c|*c==f[1]).unwrap()];load(f[0],ig,f[2].parse().unwrap(),f[3].parse().unwrap(),300.0,i as u32)}).collect();
    let opt=spinup::Options{max_cycles:40,..Default::default()};
    let t0=std::time::Instant::now();
    let base:Vec<_>=cases.par_iter().map(|c|{let p=c.defaults();let col=c.column(p.clone());let s=c.cold_start(&col);run_member(c,p,&s,&opt,192)}).collect();
    let mut start=vec![]; let mut runs=vec![]; let mut cyc=0;
    for (c,b) in cases.iter().zip(&base){ match b {Ok(b)=>{cyc+=b.spinup.cycles; if !b.spinup.converged{println!("{} not conv drift {:.2} {:?}",c.station.id,b.spinup.drift,b.spinup.distance);} start.push(b.start.clone());runs.push(vec![b.outputs.clone()]);} Err(e)=>panic!("{} {e}",c.station.id)} }
    println!("defaults {:.1}s cycles {cyc}",t0.elapsed().as_secs_f64());
    score("default",&cases,&runs);
    // classes
    let all=[VegetationClass::EvergreenNeedleleaf,VegetationClass::EvergreenBroadleaf,VegetationClass::DeciduousBroadleaf,VegetationClass::Shrub,VegetationClass::Grass,VegetationClass::Wetland,VegetationClass::Crop];
    let mut cal:Vec<Vec<Vec<MonthlyOutput>>>=vec![vec![];cases.len()]; let mut pri=cal.clone();
    let mut post:BTreeMap<usize,(ParameterSpace,Array2<f64>)>=BTreeMap::new();
    let warm=spinup::Options{max_cycles:6,min_cycles:1,distance_limit:0.02,..Default::default()};
    for (g,class) in all.iter().enumerate(){
        if args.len()>6 && !format!("{class:?}").starts_with(&args[6]){continue;}
        let idx:Vec<usize>=(0..cases.len()).filter(|&i|cases[i].class==*class).collect();
        let space=ParameterSpace::new(wf.parameters.iter().filter(|p|Parameters::acts_on(&p.name,*class)).cloned().collect());
        let targets:Vec<Target>=idx.iter().map(|&i|Target::of(&cases[i],&wf.observations,eff)).collect();
        let y:Vec<f64>=targets.iter().flat_map(|t|t.values.clone()).collect(); let r:Vec<f64>=targets.iter().flat_map(|t|t.variances.clone()).collect();
        let e=prior_ensemble(&space.priors(),n,1,g as u32).unwrap();
        let mut etki=Etki::new(e,&y,&Noise::Diagonal(r),EtkiOptions{max_iterations:iters,step_scale:0.5,seed:1,group:g as u32,..Default::default()}).unwrap();
        let run=|u:&[f64],i:usize,months:usize|->Result<MemberRun,MemberFailure>{ let c=&cases[i]; let mut p=c.defaults(); space.apply(u,&mut p).map_err(|e|MemberFailure::new(e.to_string()))?; run_member(c,p,&start[i],&warm,months).map_err(|e|MemberFailure::new(e.to_string()))};
        let mut it=0;
        while !etki.done(){
            let ens=etki.ensemble().to_owned();
            let tasks:Vec<(usize,usize)>=(0..n).flat_map(|m|(0..idx.len()).map(move|k|(m,k))).collect();
            let full=it==0;
            let out:Vec<Result<MemberRun,MemberFailure>>=tasks.par_iter().map(|&(m,k)|{let i=idx[k];run(ens.row(m).as_slice().unwrap(),i,if full{192}else{cases[i].assimilated_months()})}).collect();
            let nc=out.iter().flatten().filter(|o|!o.spinup.converged).count(); let yrs:f64=out.iter().flatten().map(|o|o.spinup.years).sum::<f64>()/out.len() as f64;
            let outs:Vec<Result<Vec<f64>,MemberFailure>>=(0..n).map(|m|{let mut v=vec![];for k in 0..idx.len(){match &out[m*idx.len()+k]{Ok(o)=>v.extend(targets[k].predict(&o.outputs)),Err(e)=>return Err(e.clone())}}Ok(v)}).collect();
            if full{for (k,&i) in idx.iter().enumerate(){pri[i]=(0..n).filter_map(|m|out[m*idx.len()+k].as_ref().ok().map(|o|o.outputs.clone())).collect();}}
            let s=etki.tell(&outs).unwrap(); it+=1;
            println!("{class:?} it {it} dt {:.4} t {:.4} misfit {:.2} mean {:.2} failed {} notconv {nc} yrs {yrs:.0} {:.0}s {:?}",s.dt,s.t,s.misfit,s.mean_misfit,s.failed.len(),t0.elapsed().as_secs_f64(),s.failed.first());
        }
        let ens=etki.ensemble().to_owned();
        for &i in &idx{ cal[i]=(0..n).into_par_iter().filter_map(|m|run(ens.row(m).as_slice().unwrap(),i,192).ok().map(|o|o.outputs)).collect(); }
        for (k,p) in space.parameters().iter().enumerate(){ let c=ens.column(k); let mu=c.mean().unwrap(); print!(" {}={:.3}(±{:.2} of prior)",p.name,p.prior.physical(mu),c.std(1.0)/p.prior.u_sd()); } println!();
        post.insert(g,(space,ens));
    }
    score("prior ensemble",&cases,&pri); score("calibrated",&cases,&cal);
    for (i,c) in cases.iter().enumerate(){ if cal[i].is_empty()||args.len()<7{continue;} for v in [Variable::Gpp,Variable::Nee,Variable::Lai]{ let mut a=[0.0;12];let mut b=[0.0;12];let mut n=[0.0;12]; let mut nm=[0.0;12]; for t in 0..192{ let mm=cal[i].iter().map(|k|member::observe(v,&k[t])).sum::<f64>()/cal[i].len() as f64*(if v==Variable::Lai{1.0}else{86400.0}); b[t%12]+=mm; nm[t%12]+=1.0; if let Some(x)=c.assimilated[&v][t]{a[t%12]+=x*(if v==Variable::Lai{1.0}else{86400.0});n[t%12]+=1.0;} } println!("{} {:4} o {}\n            m {}",c.station.id,v.name(),(0..12).map(|k|format!("{:6.2}",a[k]/n[k])).collect::<String>(),(0..12).map(|k|format!("{:6.2}",b[k]/nm[k])).collect::<String>()); } }
    for (g,class) in all.iter().enumerate(){ if !post.contains_key(&g){continue;} let k:Vec<usize>=(0..cases.len()).filter(|&i|cases[i].class==all[g]).collect(); let c2:Vec<_>=k.iter().map(|&i|cases[i].clone()).collect(); let r2:Vec<_>=k.iter().map(|&i|cal[i].clone()).collect(); score(&format!("  {class:?}"),&c2,&r2); }
    if n2==0{return;}
    // station level
    let sspace=ParameterSpace::new(wf.station_parameters.clone());
    let res:Vec<(usize,Vec<Vec<MonthlyOutput>>,String)>=(0..cases.len()).filter(|&i|post.contains_key(&all.iter().position(|x|*x==cases[i].class).unwrap())).map(|i|{
        let c=&cases[i]; let g=all.iter().position(|x|*x==c.class).unwrap(); let (space,ens)=&post[&g];
        let sp=ParameterSpace::new(sspace.parameters().iter().filter(|p|Parameters::acts_on(&p.name,c.class)).cloned().collect());
        let pe=prior_ensemble(&sp.priors(),n2,2,i as u32).unwrap();
        let dev=prior_ensemble(&space.priors(),n2,3,i as u32).unwrap();
        let np=space.len(); let mut e=Array2::zeros((n2,np+sp.len()));
        for m in 0..n2{ for k in 0..np{ let pr=&space.parameters()[k].prior; e[[m,k]]=ens[[m%n,k]]+sd_dev*(dev[[m,k]]-pr.u_mean()); } for k in 0..sp.len(){e[[m,np+k]]=pe[[m,k]];} }
        let t=Target::of(c,&wf.observations,eff*1.0);
        let mut etki=Etki::new(e,&t.values,&Noise::Diagonal(t.variances.clone()),EtkiOptions{max_iterations:iters,seed:2,group:i as u32,..Default::default()}).unwrap();
        let run=|u:&[f64],months:usize|->Result<MemberRun,MemberFailure>{ let mut p=c.defaults(); space.apply(&u[..np],&mut p).map_err(|e|MemberFailure::new(e.to_string()))?; sp.apply(&u[np..],&mut p).map_err(|e|MemberFailure::new(e.to_string()))?; run_member(c,p,&start[i],&warm,months).map_err(|e|MemberFailure::new(e.to_string()))};
        let mut log=String::new();
        while !etki.done(){ let ens=etki.ensemble().to_owned(); let outs:Vec<_>=(0..n2).into_par_iter().map(|m|run(ens.row(m).as_slice().unwrap(),c.assimilated_months()).map(|o|t.predict(&o.outputs))).collect(); let s=etki.tell(&outs).unwrap(); log=format!("its {} misfit {:.2} mean {:.2} failed {}",s.iteration,s.misfit,s.mean_misfit,s.failed.len()); }
        let ens=etki.ensemble().to_owned();
        let outs=(0..n2).into_par_iter().filter_map(|m|run(ens.row(m).as_slice().unwrap(),192).ok().map(|o|o.outputs)).collect();
        for (k,p) in space.parameters().iter().chain(sp.parameters()).enumerate(){ let c=ens.column(k); log+=&format!(" {}={:.3}",p.name,p.prior.physical(c.mean().unwrap())); }
        (i,outs,log)}).collect();
    let mut ass=vec![vec![];cases.len()]; for r in &res{ass[r.0]=r.1.clone();}
    for (i,_,log) in &res{ println!("{} {log}",cases[*i].station.id); score("",&cases[*i..=*i],&ass[*i..=*i]); }
    score("station",&cases,&ass);
    let _:Option<Pred>=None; let _=(Stage::Test,Bounds::None);
    for g in 0..all.len(){ let k:Vec<usize>=(0..cases.len()).filter(|&i|cases[i].class==all[g]).collect(); let c2:Vec<_>=k.iter().map(|&i|cases[i].clone()).collect(); let r2:Vec<_>=k.iter().map(|&i|ass[i].clone()).collect(); score(&format!("  {:?}",all[g]),&c2,&r2); }
    println!("{:.0}s",t0.elapsed().as_secs_f64());
}
