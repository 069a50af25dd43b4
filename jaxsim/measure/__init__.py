"""Measures: pure functions on arrays (or on series), time on the first axis."""

from jaxsim.measure.calibration import (
    CalibrationDeviation as CalibrationDeviation,
    Recalibration as Recalibration,
    calibration_deviation as calibration_deviation,
    fit_recalibration as fit_recalibration,
    recalibrated_coverage as recalibrated_coverage,
    recalibrated_curve as recalibrated_curve,
    recalibrated_level as recalibrated_level,
)
from jaxsim.measure.calibration_split import (
    Split as Split,
    fit_splits as fit_splits,
    fixed_splits as fixed_splits,
    mismatch_splits as mismatch_splits,
    oracle_splits as oracle_splits,
    pooled_splits as pooled_splits,
    recalibrated_splits as recalibrated_splits,
    uncalibrated_splits as uncalibrated_splits,
)
from jaxsim.measure.connectivity import (
    coherence as coherence,
    correlation as correlation,
    fc_correlation as fc_correlation,
    fcd_distance as fcd_distance,
    fisher_z as fisher_z,
    functional_connectivity as functional_connectivity,
    functional_connectivity_dynamics as functional_connectivity_dynamics,
    upper_triangle as upper_triangle,
    wasserstein_distance as wasserstein_distance,
)
from jaxsim.measure.coverage import (
    FINE_LEVELS as FINE_LEVELS,
    LEVELS as LEVELS,
    Coverage as Coverage,
    CoverageCurve as CoverageCurve,
    coverage as coverage,
    coverage_curve as coverage_curve,
    credible_interval as credible_interval,
    credible_radius as credible_radius,
)
from jaxsim.measure.detection import (
    SourceDetection as SourceDetection,
    source_auc as source_auc,
    source_detection as source_detection,
)
from jaxsim.measure.distance import (
    fc_correlation_loss as fc_correlation_loss,
    fc_mse as fc_mse,
    mean_loss as mean_loss,
    spectral_distance as spectral_distance,
    variance_loss as variance_loss,
)
from jaxsim.measure.isotonic import (
    inverse_curve as inverse_curve,
    isotonic_regression as isotonic_regression,
)
from jaxsim.measure.localisation import (
    peak_error as peak_error,
    region_error as region_error,
    spatial_dispersion as spatial_dispersion,
)
from jaxsim.measure.matching import (
    Match as Match,
    footprint_overlap as footprint_overlap,
    match_footprints as match_footprints,
)
from jaxsim.measure.named_loss import (
    build_loss as build_loss,
    list_losses as list_losses,
    register_loss as register_loss,
    sum_of_losses as sum_of_losses,
)
from jaxsim.measure.posterior import (
    covariance_blocks as covariance_blocks,
)
from jaxsim.measure.psd_loss import (
    band_fraction_loss as band_fraction_loss,
    band_ratio_loss as band_ratio_loss,
    decibel_mse as decibel_mse,
    log_psd_mse as log_psd_mse,
    peak_loss as peak_loss,
    psd_mse as psd_mse,
    slope_loss as slope_loss,
    weighted_psd_mse as weighted_psd_mse,
)
from jaxsim.measure.recovery import (
    ActivityScore as ActivityScore,
    SpikeScore as SpikeScore,
    activity_score as activity_score,
    field_correlation as field_correlation,
    score as score,
    shift_rmse as shift_rmse,
    spike_score as spike_score,
    trace_correlation as trace_correlation,
)
from jaxsim.measure.scoring import (
    crps as crps,
    gaussian_crps as gaussian_crps,
    log_score as log_score,
    mahalanobis_distance as mahalanobis_distance,
    mean_square_z as mean_square_z,
)
from jaxsim.measure.source_error import (
    mean_posterior_std as mean_posterior_std,
    source_cosine as source_cosine,
    source_mae as source_mae,
    source_mse as source_mse,
    source_rmae as source_rmae,
    source_rmse as source_rmse,
)
from jaxsim.measure.spectrum import (
    BANDS as BANDS,
    band_fractions as band_fractions,
    band_power as band_power,
    crop as crop,
    mean_frequency as mean_frequency,
    peak_frequency as peak_frequency,
    relative_power as relative_power,
    spectral_slope as spectral_slope,
    to_decibel as to_decibel,
    welch as welch,
)
from jaxsim.measure.transport import (
    earth_mover_distance as earth_mover_distance,
    sinkhorn_distance as sinkhorn_distance,
    transport_cost as transport_cost,
)
